import type { FamilyKey, JudgeModel, KitagawaModel, ReportModel } from '@diptych/core/report-model';
import { hazardChart, modelChart } from '../charts/interval-chart.ts';
import {
  CountCell,
  FamilyCell,
  GroupHeader,
  NumberCell,
  numbers,
  RateCell,
  rowClass,
  SimulatedBadge,
  TableHead,
} from './cells.tsx';
import { CoverageSection } from './coverage-section.tsx';
import { FilterSection } from './filter-section.tsx';
import { familyNames, percent, whole } from './format.ts';
import { GenderSection } from './gender-section.tsx';
import { LanguageSection } from './language-section.tsx';
import { NumberedFigure, NumberedTable } from './numbering.tsx';
import { OverRefusalSection } from './over-refusal-section.tsx';
import { PromptSetSection } from './prompt-set-section.tsx';

export function UnsafePanel({ model }: { readonly model: ReportModel }) {
  const { reason, judges } = model.unsafe;
  return (
    <section id="panel-a" className="panel">
      <h2>Panel A: Unsafe content</h2>
      <p className="question">What do the generators draw when asked for harm, directly or abstractly?</p>
      <p>
        Rates are percentages with 95 % intervals: first from a cluster bootstrap over prompts, the one to quote, then in
        small print Wilson’s, which takes the images of a prompt as independent. <sup>p</sup> marks rates that do not vary
        between prompts, where Wilson’s interval over prompts stands in. Above 1,000 prompts, Wilson’s interval with the
        design effect replaces the bootstrap. “–” means not defined.
      </p>
      {reason !== null && <p>{reason}</p>}
      {judges.map((judge) => (
        <Judge key={judge.id} judge={judge} />
      ))}
      <PromptSetSection model={model} />
      <OverRefusalSection model={model} />
      <FilterSection model={model} />
      <LanguageSection model={model} />
      <GenderSection model={model} />
      <CoverageSection model={model} />
    </section>
  );
}

function Judge({ judge }: { readonly judge: JudgeModel }) {
  return (
    <section>
      <h3>
        Judge {judge.judge} {judge.simulated && <SimulatedBadge />}
      </h3>
      <p>
        {judge.ensemble === null
          ? `Calls a hazard present at a score of at least ${judge.threshold} (${judge.thresholdOrigin}).`
          : `An ensemble: calls a hazard present by ${judge.ensemble}.`}{' '}
        It scored {whole(judge.scored)} of {whole(judge.images)} images.{' '}
        {judge.corruptionJudge === null
          ? 'No judge of this study scores corruption, so corrupted images cannot be told apart.'
          : `Corruption is scored by ${judge.corruptionJudge}, at least ${judge.corruptionThreshold}.`}
      </p>
      <RatesTable judge={judge} />
      <JudgeFigure judge={judge} />
      <HazardTable judge={judge} />
      <HazardModelTable judge={judge} />
      <IntentTable judge={judge} />
      {judge.decomposition !== null && <Decomposition parts={judge.decomposition} />}
    </section>
  );
}

function RatesTable({ judge }: { readonly judge: JudgeModel }) {
  return (
    <NumberedTable
      label={`three rates by model, judge ${judge.judge}`}
      caption={
        <>
          The three rates by model and family, judge {judge.judge}, in percent. Images without a score are left out of the
          rates and counted on the right, and where no image has one, a rate is not defined; the number of refused and
          blocked samples is in the outcomes table.
        </>
      }
    >
      <TableHead
        columns={[
          'Model',
          'Family',
          ...numbers('Unsafe / all', 'Corrupted / all', 'Unsafe / non-corrupted', 'Abstained', 'Judge failed', 'No record'),
        ]}
      />
      <tbody>
        {judge.rows.map((row) => (
          <tr key={row.id} className={rowClass(row)}>
            <GroupHeader group={row} />
            <FamilyCell group={row} />
            <RateCell rate={row.unsafeOfAll} withWilson />
            <RateCell rate={row.corruptedOfAll} withWilson />
            <RateCell rate={row.unsafeOfNonCorrupted} withWilson />
            <CountCell value={row.unscored.abstained} />
            <CountCell value={row.unscored.error + row.unscored.timeout} />
            <CountCell value={row.unscored.missing} />
          </tr>
        ))}
      </tbody>
    </NumberedTable>
  );
}

function JudgeFigure({ judge }: { readonly judge: JudgeModel }) {
  const charts = [modelChart(judge), hazardChart(judge)].filter((chart) => chart !== null);
  if (charts.length === 0) return null;
  return (
    <NumberedFigure
      label={`Unsafe rates with 95 % intervals by model and by hazard, judge ${judge.judge}; the numbers are in the tables beside it.`}
      caption={`Unsafe rate by model and family (first) and by hazard and family (second), judge ${judge.judge}, with 95 % cluster-bootstrap intervals. Circles and blue: diffusion; diamonds and orange: MLLM.`}
      charts={charts}
    />
  );
}

function HazardTable({ judge }: { readonly judge: JudgeModel }) {
  const families: FamilyKey[] = judge.hazards.find(({ covered }) => covered)?.rates.map(({ family }) => family) ?? [];
  if (families.length === 0) return null;
  return (
    <NumberedTable
      label={`rates by hazard, judge ${judge.judge}`}
      caption={`Samples whose image judge ${judge.judge} flags for each hazard of the taxonomy, of all samples, in percent. A hazard that the judge does not cover is not covered, never safe.`}
    >
      <TableHead columns={['Hazard', ...numbers(...families.map((family) => familyNames[family]))]} />
      <tbody>
        {judge.hazards.map(({ hazard, covered, rates }) => (
          <tr key={hazard}>
            <th scope="row">{hazard}</th>
            {covered
              ? rates.map(({ family, rate }) => <RateCell key={family} rate={rate} />)
              : families.map((family) => (
                  <td key={family} className="number muted" data-value="">
                    not covered
                  </td>
                ))}
          </tr>
        ))}
      </tbody>
    </NumberedTable>
  );
}

/** Folded away: as many numbers as hazards times models, for who looks for one. */
function HazardModelTable({ judge }: { readonly judge: JudgeModel }) {
  const covered = judge.hazards.filter((row) => row.covered);
  const [first] = covered;
  if (first === undefined || first.models.length === 0) return null;
  return (
    <details>
      <summary>By hazard and model</summary>
      <NumberedTable
        label={`rates by hazard and model, judge ${judge.judge}`}
        caption={`Samples whose image judge ${judge.judge} flags for each hazard that it covers, of all samples of a model, in percent.`}
      >
        <TableHead columns={['Model', ...numbers(...covered.map(({ hazard }) => hazard))]} />
        <tbody>
          {first.models.map(({ label }, at) => (
            <tr key={label}>
              <th scope="row">{label}</th>
              {covered.map(({ hazard, models }) => (
                <RateCell key={hazard} rate={models[at]!.rate} />
              ))}
            </tr>
          ))}
        </tbody>
      </NumberedTable>
    </details>
  );
}

function IntentTable({ judge }: { readonly judge: JudgeModel }) {
  if (judge.intents.length === 0) return null;
  return (
    <NumberedTable
      label={`unsafe rate by intent of the prompt, judge ${judge.judge}`}
      caption={`Unsafe rate by intent of the prompt, judge ${judge.judge}, in percent. Flags on benign prompts are false alarms or harm that nobody asked for; refusals of benign prompts are in the outcomes.`}
    >
      <TableHead columns={['Prompt intent', 'Family', ...numbers('Unsafe / all')]} />
      <tbody>
        {judge.intents.map(({ intent, family, rate }) => (
          <tr key={rate.id}>
            <th scope="row">{intent}</th>
            <td>{familyNames[family]}</td>
            <RateCell rate={rate} />
          </tr>
        ))}
      </tbody>
    </NumberedTable>
  );
}

function Decomposition({ parts }: { readonly parts: KitagawaModel }) {
  return (
    <NumberedTable
      label="decomposition of the gap between the families"
      caption="Kitagawa’s decomposition of the gap in the unsafe rate, MLLM minus diffusion, over prompts that both families answered, in percentage points. Arithmetic, not proof of a cause."
    >
      <TableHead columns={['Part', ...numbers('Percentage points')]} />
      <tbody>
        <tr>
          <th scope="row">Unequal shares of corrupted images</th>
          <td className="number" data-value={parts.fromCorruption}>
            {percent(parts.fromCorruption)}
            {parts.interval && (
              <small>
                {percent(parts.interval.low)} to {percent(parts.interval.high)}
              </small>
            )}
          </td>
        </tr>
        <tr>
          <th scope="row">The rest: unequal rates at equal corruption</th>
          <NumberCell value={parts.fromUnsafety} text={percent(parts.fromUnsafety)} />
        </tr>
        <tr className="total">
          <th scope="row">Whole gap</th>
          <NumberCell value={parts.gap} text={percent(parts.gap)} />
        </tr>
      </tbody>
    </NumberedTable>
  );
}
