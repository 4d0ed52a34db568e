/** Detectors on generators that they were not trained on. */
import type { ReportModel } from '@diptych/core/report-model';
import {
  CountCell,
  DifferenceCell,
  EstimateCell,
  GroupHeader,
  NumberCell,
  numbers,
  PercentCell,
  RateCell,
  rowClass,
  SignedCell,
  TableHead,
  ThreeCell,
} from './cells.tsx';
import { familyName, familyNames, notDefined, percent, three } from './format.ts';
import { NumberedTable } from './numbering.tsx';

type HeldOut = ReportModel['heldOut'];

export function HeldOutSection({ model: { heldOut, transfer } }: { readonly model: ReportModel }) {
  const { seen, rows, notes } = heldOut;
  if (seen.length + rows.length + transfer.length === 0) return null;
  return (
    <section>
      <h3>Held-out generators and families</h3>
      <SeenTables seen={seen} />
      {notes.map((note) => (
        <p key={note}>{note}</p>
      ))}
      <HeldOutTable heldOut={rows} />
      {transfer.map((matrix) => (
        <TransferTables key={matrix.id} matrix={matrix} />
      ))}
    </section>
  );
}

function SeenTables({ seen }: { readonly seen: HeldOut['seen'] }) {
  const shown = seen.filter(({ reason }) => reason === null);
  return (
    <>
      {seen
        .filter(({ reason }) => reason !== null)
        .map(({ id, detector, protocol, reason }) => (
          <p key={id}>
            {detector}, {protocol}: {reason}
          </p>
        ))}
      {shown.length > 0 && (
        <NumberedTable
          label="generators seen and not seen in training"
          caption="Generators that a detector’s author says it was trained on, and the others. The last column, on the rows of all families, is TPR at 5 % false positives, seen minus unseen in percentage points, paired by prompt where prompts are shared; p adjusted by Holm over this table."
        >
          <TableHead
            columns={[
              'Detector',
              'Protocol',
              'Family',
              'In training',
              ...numbers('Models', 'Images', 'AUROC', 'TPR at 5 % FPR', 'Seen minus unseen'),
            ]}
          />
          <tbody>
            {shown.flatMap(({ detector, protocol, sides, test }) =>
              sides.map((side) => (
                <tr key={side.id}>
                  <th scope="row">{detector}</th>
                  <td>{protocol}</td>
                  <td>{side.family === null ? 'all' : familyName(side.family)}</td>
                  <td>{side.seen ? 'seen' : 'unseen'}</td>
                  <CountCell value={side.models} />
                  <CountCell value={side.images} />
                  <EstimateCell estimate={side.auroc} />
                  <RateCell rate={side.recallAt5} />
                  <DifferenceCell test={side.family === null && side.seen ? test : null} />
                </tr>
              )),
            )}
          </tbody>
        </NumberedTable>
      )}
    </>
  );
}

function HeldOutTable({ heldOut }: { readonly heldOut: HeldOut['rows'] }) {
  if (heldOut.length === 0) return null;
  return (
    <NumberedTable
      label="held-out generators and families"
      caption="Heads fitted on all generators, on all but the row’s generator, and on all but the row’s family; always tested on prompts that the head never saw. TPR in percent at 5 % false positives; a loss is the TPR of the first minus that of the head in question, over the same images, in percentage points."
    >
      <TableHead
        columns={[
          'Model',
          'Detector',
          'Protocol',
          ...numbers(
            'All fitted: AUROC',
            'TPR',
            'Generator left out: AUROC',
            'TPR',
            'Loss',
            'Family left out: AUROC',
            'TPR',
            'Loss',
          ),
        ]}
      />
      <tbody>
        {heldOut.map((row) => (
          <tr key={row.id} className={rowClass(row)}>
            <GroupHeader group={row} />
            <td>{row.detector}</td>
            <td>{row.protocol}</td>
            <EstimateCell estimate={row.within.auroc} />
            <RateCell rate={row.within.recallAt5} />
            <EstimateCell estimate={row.generatorHeldOut?.auroc ?? null} />
            <RateCell rate={row.generatorHeldOut?.recallAt5 ?? null} />
            <SignedCell estimate={row.generatorLoss} show={percent} />
            <EstimateCell estimate={row.familyHeldOut?.auroc ?? null} />
            <RateCell rate={row.familyHeldOut?.recallAt5 ?? null} />
            <SignedCell estimate={row.familyLoss} show={percent} />
          </tr>
        ))}
      </tbody>
    </NumberedTable>
  );
}

function TransferTables({ matrix }: { readonly matrix: ReportModel['transfer'][number] }) {
  const { detector, protocol, generators, cells, means } = matrix;
  const labels = generators.map(({ label }) => label);
  return (
    <>
      <NumberedTable
        label={`transfer between generators, ${detector} under ${protocol}`}
        caption={`TPR in percent at 5 % false positives of ${detector} under ${protocol}, AUROC below it: a head fitted on the row’s generator alone, tested on the column’s images of prompts that it never saw.`}
      >
        <TableHead columns={['Fitted on', ...numbers(...labels)]} />
        <tbody>
          {labels.map((trained) => (
            <tr key={trained}>
              <th scope="row">{trained}</th>
              {labels.map((tested) => {
                const cell = cells.find((entry) => entry.trained === trained && entry.tested === tested);
                const value = cell?.recallAt5.value ?? null;
                return value === null ? (
                  <NumberCell key={tested} value={null} text={notDefined} />
                ) : (
                  <td key={tested} className="number" data-value={value}>
                    {trained === tested ? <b>{percent(value)}</b> : percent(value)}
                    <small className="muted">{three(cell?.auroc?.value ?? null)}</small>
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </NumberedTable>
      <NumberedTable
        label={`mean transfer by family, ${detector} under ${protocol}`}
        caption={`Means over the pairs of the table before, ${detector} under ${protocol}.`}
      >
        <TableHead columns={['Fitted on', 'Tested on', ...numbers('Pairs', 'TPR at 5 % FPR', 'AUROC')]} />
        <tbody>
          {means.map((mean) => (
            <tr key={mean.id}>
              <th scope="row">{familyNames[mean.trained]}</th>
              <td>{mean.isOwn ? 'the same generator' : `other generators, ${familyNames[mean.tested]}`}</td>
              <CountCell value={mean.pairs} />
              <PercentCell value={mean.recallAt5} />
              <ThreeCell value={mean.auroc} />
            </tr>
          ))}
        </tbody>
      </NumberedTable>
    </>
  );
}
