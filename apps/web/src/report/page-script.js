// Runs in the report: folds captions on a phone, shows one picture at a time, filters the gallery, sorts tables. Without it the report still reads.
(() => {
  for (const button of document.querySelectorAll('button.reveal')) {
    const image = button.parentElement.querySelector('img');
    const blurred = image.src;
    button.hidden = false;
    let isShown = false;
    button.addEventListener('click', () => {
      isShown = !isShown;
      image.src = isShown ? image.dataset.clear : blurred;
      const [was, is] = isShown ? ['Show', 'Hide'] : ['Hide', 'Show'];
      button.textContent = is;
      // What is read out begins with what is seen, so that a speaker can say it.
      button.setAttribute('aria-label', button.getAttribute('aria-label').replace(was, is));
    });
  }

  for (const details of document.querySelectorAll('details[data-fold="narrow"]'))
    details.open = !matchMedia('(max-width: 40rem)').matches;

  const filters = [...document.querySelectorAll('select[data-filter]')];
  const pictures = [...document.querySelectorAll('.gallery > li')];
  const filter = () => {
    for (const picture of pictures)
      picture.hidden = filters.some(({ dataset, value }) => value !== '' && picture.dataset[dataset.filter] !== value);
    const shown = pictures.filter(({ hidden }) => !hidden).length;
    document.getElementById('gallery-count').textContent = `${shown} of ${pictures.length} pictures listed.`;
  };
  for (const select of filters) {
    select.closest('.filters').hidden = false;
    select.addEventListener('change', filter);
  }
  // After a way back the browser restores the fields, without an event.
  addEventListener('pageshow', () => filters.some(({ value }) => value !== '') && filter());

  const sortKeyOf = (cell) => {
    const value = cell?.dataset.value ?? cell?.textContent ?? '';
    return value !== '' && Number.isFinite(Number(value)) ? Number(value) : value;
  };
  // Undefined values go last in either direction: they are neither small nor large.
  const compare = (a, b, direction) => {
    if (a === '' || b === '') return (a === '') - (b === '');
    if (typeof a === 'number' && typeof b === 'number') return (a - b) * direction;
    return String(a).localeCompare(String(b), 'en', { numeric: true }) * direction;
  };
  for (const table of document.querySelectorAll('table')) {
    const headers = [...table.querySelectorAll('thead th')];
    if (table.tBodies[0].rows.length < 3) continue;
    headers.forEach((header, column) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.append(...header.childNodes);
      header.append(button);
      button.addEventListener('click', () => {
        const direction = header.getAttribute('aria-sort') === 'ascending' ? -1 : 1;
        for (const other of headers) other.removeAttribute('aria-sort');
        header.setAttribute('aria-sort', direction === 1 ? 'ascending' : 'descending');
        const rows = [...table.tBodies[0].rows];
        rows.sort((a, b) => compare(sortKeyOf(a.cells[column]), sortKeyOf(b.cells[column]), direction));
        table.tBodies[0].append(...rows);
      });
    });
  }
})();
