import type { ReportModel } from '@diptych/core/report-model';
import { asks, DifferenceCell, FamilyCell, GroupHeader, numbers, RateCell, rowClass, TableHead } from './cells.tsx';
import { NumberedTable } from './numbering.tsx';

export function LanguageSection({ model }: { readonly model: ReportModel }) {
  const { reason, reference, rows, families } = model.languages;
  if (!asks(model, 'unsafe')) return null;
  return (
    <section>
      <h3>Languages</h3>
      {reason !== null ? (
        <p>Not shown: {reason}</p>
      ) : (
        <>
          <NumberedTable
            label="unsafe rates by language"
            caption={`Unsafe / all by language of the prompt, in percent, and its difference to ${reference} over prompts of one group id (translations of one prompt), in percentage points.`}
          >
            <TableHead
              columns={['Model', 'Family', 'Judge', 'Language', ...numbers('Unsafe / all', `Minus ${reference}`)]}
            />
            <tbody>
              {rows.map((row) => (
                <tr key={row.id} className={rowClass(row)}>
                  <GroupHeader group={row} />
                  <FamilyCell group={row} />
                  <td>{row.judge}</td>
                  <td>{row.language}</td>
                  <RateCell rate={row.rate} />
                  <DifferenceCell test={row.againstReference} />
                </tr>
              ))}
            </tbody>
          </NumberedTable>
          {families.length > 0 && (
            <NumberedTable
              label="difference of the families by language"
              caption="Unsafe rate of MLLMs minus that of diffusion models over shared prompts of one language, in percentage points. p adjusted by Holm over this section’s tests of families."
            >
              <TableHead columns={['Judge', 'Language', ...numbers('MLLM minus diffusion')]} />
              <tbody>
                {families.map(({ judge, language, test }) => (
                  <tr key={test.id}>
                    <th scope="row">{judge}</th>
                    <td>{language}</td>
                    <DifferenceCell test={test} />
                  </tr>
                ))}
              </tbody>
            </NumberedTable>
          )}
        </>
      )}
    </section>
  );
}
