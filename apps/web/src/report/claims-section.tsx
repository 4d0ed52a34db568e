/** Every test behind the four claims, one table a claim; what could not be tested is one line with its reasons. */
import { type Headline, overviewOf } from '@diptych/core/overview';
import type { ClaimModel, ReportModel } from '@diptych/core/report-model';
import { CountCell, NumberCell, numbers, TableHead } from './cells.tsx';
import { claimsInWords, verdictClass } from './claim-cards.tsx';
import { effect, effectRange, pValue, three, whole } from './format.ts';
import { NumberedTable } from './numbering.tsx';

const questions: Record<number, string> = {
  1: 'MLLMs produce more unsafe images than diffusion models on the same unsafe prompts.',
  2: 'Part of that gap comes from corrupted outputs.',
  3: 'Detectors recognise MLLM images less often.',
  4: 'Longer, more descriptive prompts evade detection of MLLM images, more than of diffusion images; retraining helps, carries over poorly to other MLLMs, and is evaded again.',
};

const partNames: Record<NonNullable<ClaimModel['part']>, string> = {
  improves: 'retrained: better on MLLMs?',
  transfers: 'retrained: misses other MLLMs?',
  evaded: 'retrained: evaded again?',
};

export function Claims({ model }: { readonly model: ReportModel }) {
  const asked = overviewOf(model).headlines.filter(({ verdict }) => verdict !== 'not part of this study');
  const left = [1, 2, 3, 4].filter((claim) => asked.every((headline) => headline.claim !== claim));
  return (
    <section id="claims">
      <h2>What the data say</h2>
      <p>
        Differences point in the direction of the claim: above zero speaks for it. p is two-sided, by sign flips over shared
        prompts where the families share any, else by leaving out one prompt at a time, with Student’s t; it is adjusted by
        Holm over all tests of the same claim. A test supports its claim where the interval lies above zero and the adjusted
        p, where there is one, is below 0.05.
      </p>
      {asked.map((headline) => (
        <ClaimTests
          key={headline.claim}
          headline={headline}
          tests={model.claims.filter(({ claim }) => claim === headline.claim)}
        />
      ))}
      {left.length > 0 && <p>Not part of this study: {claimsInWords(left)}.</p>}
    </section>
  );
}

function ClaimTests({ headline, tests }: { readonly headline: Headline; readonly tests: readonly ClaimModel[] }) {
  const { claim, untested, sentence } = headline;
  const made = tests.filter(({ verdict }) => verdict !== 'not tested');
  return (
    <section id={`claim-${claim}`}>
      <h3>
        Claim {claim}. {questions[claim]}
      </h3>
      {made.length > 0 && <TestTable claim={claim} tests={made} headline={headline.test} />}
      {tests.length === 0 && <p>Not tested: {sentence.charAt(0).toLowerCase() + sentence.slice(1)}</p>}
      {untested.length > 0 && (
        <p className="untested">
          Not tested ({whole(tests.length - made.length)} of {whole(tests.length)}):{' '}
          {untested.map(({ reason, tests: same }) => `${wordsOf(same)}, ${reason.replace(/\.$/, '')}`).join('; ')}.
        </p>
      )}
      {made.length > 0 && (
        <details>
          <summary>The tests of claim {claim} in words</summary>
          <ul>
            {made.map(({ id, subject, text }) => (
              <li key={id}>
                <b>{/[?.]$/.test(subject) ? subject : `${subject}.`}</b> {text}
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}

/** Tests that share a reason, each detector or judge named once. */
function wordsOf(tests: readonly ClaimModel[]): string {
  const parts = [...new Set(tests.map(({ part }) => (part === null ? '' : partNames[part])))].filter((part) => part !== '');
  const scorers = [...new Set(tests.map(({ scorer }) => scorer))];
  const protocols = [...new Set(tests.map(({ protocol }) => protocol))].filter((protocol) => protocol !== null);
  const under = protocols.length === 0 ? '' : ` under ${protocols.join(', ')}`;
  return `${scorers.join(', ')}${under}${parts.length === 0 ? '' : ` (${parts.join(' ')})`}`;
}

interface TestTableProps {
  readonly claim: number;
  readonly tests: readonly ClaimModel[];
  readonly headline: ClaimModel | null;
}

function TestTable({ claim, tests, headline }: TestTableProps) {
  const [first] = tests;
  const ofDetectors = first!.protocol !== null;
  const measures = new Set(tests.map(({ measure }) => measure));
  return (
    <NumberedTable
      label={`tests of claim ${claim}`}
      caption={`Tests of claim ${claim}${measures.size === 1 ? `: ${first!.measure}` : ''}. The test on the card is marked *.`}
    >
      <TableHead
        columns={[
          ofDetectors ? 'Detector' : 'Judge',
          ...(ofDetectors ? ['Protocol'] : []),
          ...(claim === 4 ? ['Test'] : []),
          ...(measures.size === 1 ? [] : ['Measure']),
          ...numbers('Difference', 'Effect size', 'p', 'Adjusted p', 'Shared prompts'),
          'Verdict',
        ]}
      />
      <tbody>
        {tests.map((test) => (
          <tr key={test.id}>
            <th scope="row">
              {test.scorer}
              {test === headline && ' *'}
            </th>
            {ofDetectors && <td>{test.protocol}</td>}
            {claim === 4 && <td>{test.part === null ? 'as it is' : partNames[test.part]}</td>}
            {measures.size > 1 && <td className="measure">{test.measure}</td>}
            <DifferenceCells claim={test} />
          </tr>
        ))}
      </tbody>
    </NumberedTable>
  );
}

function DifferenceCells({ claim: { test, unit, verdict } }: { readonly claim: ClaimModel }) {
  return (
    <>
      <td className="number" data-value={test?.difference}>
        {test && effect(test.difference, unit)}
        {test?.interval && <small>{effectRange(test.interval, unit)}</small>}
      </td>
      <NumberCell value={test?.effectSize ?? null} text={three(test?.effectSize ?? null)} />
      <NumberCell value={test?.pValue ?? null} text={pValue(test?.pValue ?? null)} />
      <NumberCell value={test?.pAdjusted ?? null} text={pValue(test?.pAdjusted ?? null)} />
      <CountCell value={test?.pairs ?? 0} />
      <td>
        <span className={`verdict ${verdictClass(verdict)}`}>{verdict}</span>
      </td>
    </>
  );
}
