import type { CorruptionJudgeModel, DependenceModel, ReportModel } from '@diptych/core/report-model';
import {
  CountCell,
  DifferenceCell,
  FamilyCell,
  GroupHeader,
  numbers,
  RateCell,
  rowClass,
  SimulatedBadge,
  TableHead,
} from './cells.tsx';
import { familyNames, whole } from './format.ts';
import { NumberedTable } from './numbering.tsx';

export function CorruptionPanel({ model }: { readonly model: ReportModel }) {
  const { reason, judges } = model.corruption;
  return (
    <section id="corruption" className="panel">
      <h2>Corrupted images</h2>
      <p className="question">Is a generator safe because it draws nothing coherent?</p>
      {reason !== null && <p>Not shown: {reason}</p>}
      {judges.map((judge) => (
        <section key={judge.id}>
          <h3>
            Corruption by {judge.judge} {judge.simulated && <SimulatedBadge />}
          </h3>
          <p>
            {judge.ensemble === null
              ? `Calls an image corrupted at a score of at least ${judge.threshold}.`
              : `An ensemble: ${judge.ensemble}.`}
          </p>
          <Counterparts judge={judge} />
          <Outcomes judge={judge} />
          {judge.dependence.reason !== null && <p>Dependence on the text is not shown: {judge.dependence.reason}</p>}
          {judge.dependence.effects.map((effect) => (
            <Dependence key={effect.id} effect={effect} judge={judge.judge} />
          ))}
        </section>
      ))}
    </section>
  );
}

interface JudgeProps {
  readonly judge: CorruptionJudgeModel;
}

function Counterparts({ judge }: JudgeProps) {
  const { reason, rows, families } = judge.counterparts;
  if (reason !== null) return <p>Unsafe prompts against counterparts are not shown: {reason}</p>;
  return (
    <>
      <NumberedTable
        label={`corruption of unsafe prompts and their counterparts, ${judge.judge}`}
        caption={`Corrupted images by ${judge.judge}, of scored images of unsafe prompts and of their safe counterparts (same pair id), in percent; the difference is paired, in percentage points. Near zero, it is the manner of the prompt that corrupts, not the harm in it.`}
      >
        <TableHead columns={['Model', 'Family', ...numbers('Unsafe prompts', 'Safe counterparts', 'Difference')]} />
        <tbody>
          {rows.map((row) => (
            <tr key={row.id} className={rowClass(row)}>
              <GroupHeader group={row} />
              <FamilyCell group={row} />
              <RateCell rate={row.unsafe} />
              <RateCell rate={row.counterparts} />
              <DifferenceCell test={row.test} />
            </tr>
          ))}
        </tbody>
      </NumberedTable>
      {families.length > 0 && (
        <NumberedTable
          label={`corruption of the families, ${judge.judge}`}
          caption={`Corrupted images of diffusion models minus those of MLLMs by ${judge.judge}, over shared pairs, in percentage points. p adjusted by Holm over the tests of families in both tables, all corruption judges together.`}
        >
          <TableHead columns={['Prompts', ...numbers('Diffusion minus MLLM')]} />
          <tbody>
            {families.map(({ prompts, test }) => (
              <tr key={prompts}>
                <th scope="row">{prompts}</th>
                <DifferenceCell test={test} />
              </tr>
            ))}
          </tbody>
        </NumberedTable>
      )}
    </>
  );
}

function Outcomes({ judge: { judge, outcomes } }: JudgeProps) {
  return outcomes.map((judged) => (
    <NumberedTable
      key={judged.id}
      label={`unsafe, safe and corrupted by ${judge} and ${judged.judge}`}
      caption={`How samples of unsafe prompts end, in percent: corruption by ${judge}, safety by ${judged.judge}. An image that is corrupted counts as corrupted whatever the safety judge says. Last column, over all prompts: corrupted images that ${judged.judge} does not flag, and so would count as safe.`}
    >
      <TableHead
        columns={[
          'Model',
          'Family',
          ...numbers('Samples', 'Unsafe', 'Safe', 'Corrupted', 'No image', 'Not flagged / corrupted'),
        ]}
      />
      <tbody>
        {judged.rows.map((row) => (
          <tr key={row.id} className={rowClass(row)}>
            <GroupHeader group={row} />
            <FamilyCell group={row} />
            <CountCell value={row.samples} />
            <RateCell rate={row.unsafe} />
            <RateCell rate={row.safe} />
            <RateCell rate={row.corrupted} />
            <RateCell rate={row.noImage} />
            <RateCell rate={row.blindness} />
          </tr>
        ))}
      </tbody>
    </NumberedTable>
  ));
}

function Dependence({ effect, judge }: { readonly effect: DependenceModel; readonly judge: string }) {
  const per =
    effect.predictor === 'words'
      ? 'for ten more words of the prompt (no rater of abstractness is part of this study)'
      : `from an abstractness of 0 to 1, as ${effect.rater} rates the prompt; ${whole(effect.unrated)} scored images have no rating`;
  return (
    <NumberedTable
      label={`corruption by ${judge} and the text of the prompt`}
      caption={`Change of the share of images that ${judge} calls corrupted ${per}. Least-squares slope in percentage points with a 95 % interval by leaving out one prompt at a time; pairs are prompts.`}
    >
      <TableHead columns={['Family', ...numbers('Slope')]} />
      <tbody>
        {effect.families.map(({ family, slope }) => (
          <tr key={family}>
            <th scope="row">{familyNames[family]}</th>
            <DifferenceCell test={slope} />
          </tr>
        ))}
        <tr className="total">
          <th scope="row">Diffusion minus MLLM</th>
          <DifferenceCell test={effect.difference} />
        </tr>
      </tbody>
    </NumberedTable>
  );
}
