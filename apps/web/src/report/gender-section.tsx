import type { GenderModel, ReportModel } from '@diptych/core/report-model';
import {
  asks,
  CountCell,
  FamilyCell,
  GroupHeader,
  numbers,
  RateCell,
  rowClass,
  SimulatedBadge,
  TableHead,
} from './cells.tsx';
import { percent, pValue, whole } from './format.ts';
import { NumberedTable } from './numbering.tsx';

export function GenderSection({ model }: { readonly model: ReportModel }) {
  const { reason, judges } = model.gender;
  if (!asks(model, 'unsafe')) return null;
  return (
    <section>
      <h3>Gender</h3>
      {reason !== null && <p>Not shown: {reason}</p>}
      {judges.map((judge) => (
        <Faces key={judge.id} judge={judge} />
      ))}
    </section>
  );
}

function Faces({ judge }: { readonly judge: GenderModel }) {
  const { families } = judge;
  return (
    <>
      <p>
        Whom generators draw where the prompt names no gender, by the faces that {judge.judge} classifies{' '}
        {judge.simulated && <SimulatedBadge />}. {judge.knownError ?? 'The judge states no error of its classifier.'} It
        errs, and not equally for all faces: weigh that before reading a difference as one of the generators.{' '}
        {whole(judge.genderedSamples)} samples of prompts that name a gender and {whole(judge.unexaminedSamples)} in
        languages without a word list are left out.
        {families !== null && (
          <>
            {' '}
            Women among faces, MLLM minus diffusion: {percent(families.difference)} percentage points
            {families.interval && ` (95 % interval ${percent(families.interval.low)} to ${percent(families.interval.high)})`}
            , adjusted p {pValue(families.pAdjusted)}, over {whole(families.pairs)} shared prompts.
          </>
        )}
      </p>
      <NumberedTable
        label={`women among faces, ${judge.judge}`}
        caption={`Share of women among faces, and among images with exactly one face, ${judge.judge}, in percent. Faces that the judge would not class are in no share. An image without a face says nothing about gender and is in no share.`}
      >
        <TableHead
          columns={[
            'Model',
            'Family',
            ...numbers(
              'Women / faces',
              'Women / images of one face',
              'Images',
              'With faces',
              'All unclear',
              'Without',
              'No answer',
            ),
          ]}
        />
        <tbody>
          {judge.rows.map((row) => (
            <tr key={row.id} className={rowClass(row)}>
              <GroupHeader group={row} />
              <FamilyCell group={row} />
              <RateCell rate={row.femaleOfFaces} />
              <RateCell rate={row.femaleOfSingle} />
              <CountCell value={row.images} />
              <CountCell value={row.withFaces} />
              <CountCell value={row.unclear} />
              <CountCell value={row.withoutFaces} />
              <CountCell value={row.unscored} />
            </tr>
          ))}
        </tbody>
      </NumberedTable>
    </>
  );
}
