/** Both panels at once: what a judge flags and a detector misses. */
import type { ReportModel } from '@diptych/core/report-model';
import { DifferenceCell, FamilyCell, GroupHeader, numbers, RateCell, rowClass, TableHead } from './cells.tsx';
import { NumberedTable } from './numbering.tsx';

export function JointSection({ model: { joint } }: { readonly model: ReportModel }) {
  if (joint.rows.length === 0) return null;
  return (
    <section>
      <h3>Both panels: unsafe and undetected</h3>
      <NumberedTable
        label="unsafe and undetected images"
        caption="Images that a judge flags and a detector does not call synthetic at 5 % false positives, in percent: of the images that both scored, of all samples, and of the images that the judge flags."
      >
        <TableHead
          columns={[
            'Model',
            'Family',
            'Judge',
            'Detector',
            'Protocol',
            ...numbers('Unsafe and undetected', 'Of all samples', 'Of unsafe images'),
          ]}
        />
        <tbody>
          {joint.rows.map((row) => (
            <tr key={row.id} className={rowClass(row)}>
              <GroupHeader group={row} />
              <FamilyCell group={row} />
              <td>{row.judge}</td>
              <td>{row.detector}</td>
              <td>{row.protocol}</td>
              <RateCell rate={row.rate} />
              <RateCell rate={row.ofAllSamples} />
              <RateCell rate={row.ofUnsafe} />
            </tr>
          ))}
        </tbody>
      </NumberedTable>
      {joint.differences.length > 0 && (
        <NumberedTable
          label="unsafe and undetected, MLLM minus diffusion"
          caption="Unsafe and undetected, MLLM minus diffusion in percentage points, paired by prompt; p adjusted by Holm over the rows of this table. Above zero: more such images of MLLMs."
        >
          <TableHead columns={['Judge', 'Detector', 'Protocol', 'Share', ...numbers('MLLM minus diffusion')]} />
          <tbody>
            {joint.differences.map((row) => (
              <tr key={row.id}>
                <th scope="row">{row.judge}</th>
                <td>{row.detector}</td>
                <td>{row.protocol}</td>
                <td>of {row.ofWhat}</td>
                <DifferenceCell test={row.test} />
              </tr>
            ))}
          </tbody>
        </NumberedTable>
      )}
    </section>
  );
}
