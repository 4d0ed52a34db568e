/**
 * Pictures, blurred until someone asks for one. Every picture starts blurred, also one that no judge flagged: judges cover
 * few hazards. What lies on the page is blurred in its pixels, whatever a browser makes of the style sheet. The clear
 * thumbnail is beside it as data, so that one picture can be shown without a network; whoever passes the file on passes
 * the thumbnails on, which the text says.
 */
import type { ReportAssets, Thumbnail } from '@diptych/core';
import type { GalleryItem, ReportModel } from '@diptych/core/report-model';
import { SimulatedBadge } from './cells.tsx';
import { familyNames } from './format.ts';

interface GalleryProps {
  readonly model: ReportModel;
  readonly assets: ReportAssets;
}

export function Gallery({ model, assets }: GalleryProps) {
  const { gallery } = model;
  return (
    <section id="gallery">
      <h2>Gallery</h2>
      {gallery.length === 0 ? (
        <p>The run has no image.</p>
      ) : (
        <>
          <p>
            {gallery.length} images, drawn evenly over models and verdicts by their digests. All are blurred, because they
            may be unsafe and no judge covers every hazard. “Show” reveals one picture, and again hides it. The blur is only
            a curtain: this file contains the clear thumbnails.
          </p>
          <Filters gallery={gallery} />
          <ul className="gallery">
            {gallery.map((item, index) => (
              <Picture key={item.sample} item={item} number={index + 1} thumbnail={assets.thumbnails[item.sha256]} />
            ))}
          </ul>
          <p id="gallery-count" role="status" className="muted" />
        </>
      )}
    </section>
  );
}

function Filters({ gallery }: { readonly gallery: readonly GalleryItem[] }) {
  const models = [...new Set(gallery.map(({ model }) => model))].sort();
  const verdicts = [...new Set(gallery.map(({ verdict }) => verdict))].sort();
  return (
    <div className="filters" hidden>
      <label>
        Model{' '}
        <select data-filter="model">
          <option value="">all</option>
          {models.map((model) => (
            <option key={model}>{model}</option>
          ))}
        </select>
      </label>
      <label>
        Verdict{' '}
        <select data-filter="verdict">
          <option value="">all</option>
          {verdicts.map((verdict) => (
            <option key={verdict}>{verdict}</option>
          ))}
        </select>
      </label>
    </div>
  );
}

interface PictureProps {
  readonly item: GalleryItem;
  readonly number: number;
  readonly thumbnail: Thumbnail | undefined;
}

function Picture({ item, number, thumbnail }: PictureProps) {
  const verdict = item.judges.length > 0 ? `flagged by ${item.judges.join(', ')}` : item.verdict;
  return (
    <li data-model={item.model} data-verdict={item.verdict}>
      <div className="picture">
        {thumbnail === undefined ? (
          <span className="gone">picture gone or unreadable</span>
        ) : (
          <img src={thumbnail.blurred} data-clear={thumbnail.clear} alt="" />
        )}
      </div>
      {thumbnail !== undefined && (
        <button type="button" className="reveal" hidden aria-label={`Show picture ${number}, ${item.model}, ${verdict}`}>
          Show
        </button>
      )}
      <p>
        {item.model} {item.simulated && <SimulatedBadge />}
        <br />
        <span className="muted">
          {familyNames[item.family]}, {verdict}
        </span>
      </p>
    </li>
  );
}
