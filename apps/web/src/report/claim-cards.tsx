/** One card for each claim: verdict, one sentence, effect with interval, and the way to all of its tests. */
import type { Headline } from '@diptych/core/overview';
import type { ClaimModel } from '@diptych/core/report-model';
import { effect, effectRange, pValue } from './format.ts';

export function ClaimCards({ headlines }: { readonly headlines: readonly Headline[] }) {
  const asked = headlines.filter(({ verdict }) => verdict !== 'not part of this study');
  const left = headlines.filter((headline) => !asked.includes(headline));
  return (
    <>
      <div className="cards">
        {asked.map((headline) => (
          <Card key={headline.claim} headline={headline} />
        ))}
      </div>
      {left.length > 0 && (
        <p className="left-out">Not part of this study: {claimsInWords(left.map(({ claim }) => claim))}.</p>
      )}
    </>
  );
}

export const claimsInWords = (claims: readonly number[]): string =>
  `${claims.length === 1 ? 'claim' : 'claims'} ${new Intl.ListFormat('en-GB').format(claims.map(String))}`;

export const verdictClass = (verdict: Headline['verdict']): string => verdict.replaceAll(' ', '-');

function Card({ headline }: { readonly headline: Headline }) {
  const { claim, title, verdict, sentence, test } = headline;
  return (
    <article className={`card ${verdictClass(verdict)}`}>
      <div className="card-head">
        <h2 className="title">
          <span className="number">Claim {claim}.</span> {title}
        </h2>
        <span className={`verdict ${verdictClass(verdict)}`}>{verdict}</span>
      </div>
      <p className="finding">{sentence}</p>
      {test !== null && <Effect claim={test} />} <Others headline={headline} />
    </article>
  );
}

function Effect({ claim: { test, unit, measure } }: { readonly claim: ClaimModel }) {
  if (test === null) return null;
  return (
    <p className="effect">
      <b className="difference">{effect(test.difference, unit)}</b>{' '}
      <span className="interval">{test.interval ? `95 % CI ${effectRange(test.interval, unit)}` : 'no interval'}</span>
      <small className="measure">{measure}</small>
    </p>
  );
}

/** Where the card's test comes from, and how the claim's other tests stand to it. */
function Others({ headline: { claim, test, further, agreeing, untested } }: { readonly headline: Headline }) {
  const missing = untested.reduce((sum, { tests }) => sum + tests.length, 0);
  const [p, name] = test?.test?.pAdjusted == null ? [test?.test?.pValue, 'p'] : [test.test.pAdjusted, 'adjusted p'];
  const own = [
    test === null ? '' : test.protocol === null ? `Judge ${test.scorer}` : `${test.scorer}, ${test.protocol}`,
    p == null ? '' : `${name} ${p < 0.0001 ? '' : '= '}${pValue(p)}`,
  ].filter((part) => part !== '');
  const others = [
    further === 0 ? '' : `${agreeing} of ${further} further tests ${agreeing === 1 ? 'agrees' : 'agree'}`,
    missing === 0 || test === null ? '' : `${missing} not tested`,
  ].filter((part) => part !== '');
  return (
    <p className="others">
      {own.length > 0 && <span className="own">{`${own.join('; ')}. `}</span>}
      {others.length > 0 && `${others.join('; ')}. `}
      <a className="link" href={`#claim-${claim}`} aria-label={`All tests of claim ${claim}`}>
        All tests
      </a>
    </p>
  );
}
