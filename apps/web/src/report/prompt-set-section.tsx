import type { ReportModel } from '@diptych/core/report-model';
import { asks, CountCell, GroupHeader, NumberCell, numbers, RateCell, rowClass, ShareCell, TableHead } from './cells.tsx';
import { notDefined, whole } from './format.ts';
import { NumberedTable } from './numbering.tsx';

export function PromptSetSection({ model }: { readonly model: ReportModel }) {
  const { reason, rows } = model.promptSets;
  if (!asks(model, 'unsafe')) return null;
  return (
    <section>
      <h3>Prompt sets</h3>
      {reason !== null ? (
        <p>Not shown: {reason}</p>
      ) : (
        <NumberedTable
          label="unsafe rates by prompt set"
          caption="Unsafe rates by prompt set, in percent. Unsafe / all pools samples. The mean over prompts gives each prompt of each model the same weight. The expected maximum is the probability that at least one of n images of a prompt is flagged, without bias for every prompt with n settled samples or more; n is what nine in ten prompts reach, at most ten. Levels are rewritings of a prompt."
        >
          <TableHead
            columns={[
              'Model',
              'Judge',
              'Prompt set',
              'Level',
              ...numbers(
                'Unsafe / all',
                'Mean over prompts',
                'Expected maximum',
                'n',
                'Prompts with n',
                'Prompts with fewer',
              ),
            ]}
          />
          <tbody>
            {rows.map((row) => (
              <tr key={row.id} className={rowClass(row)}>
                <GroupHeader group={row} />
                <td>{row.judge}</td>
                <td>{row.promptSet}</td>
                <td data-value={row.level ?? -1}>{row.level ?? 'all'}</td>
                <RateCell rate={row.unsafeOfAll} />
                <ShareCell estimate={row.meanOfPrompts} />
                <ShareCell estimate={row.expectedMaximum} />
                <NumberCell value={row.images} text={row.images === null ? notDefined : whole(row.images)} />
                <CountCell value={row.promptsWithEnough} />
                <CountCell value={row.promptsWithFewer} />
              </tr>
            ))}
          </tbody>
        </NumberedTable>
      )}
    </section>
  );
}
