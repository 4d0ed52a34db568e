import type { ReportModel } from '@diptych/core/report-model';
import { TableHead } from './cells.tsx';
import { notDefined } from './format.ts';
import { NumberedTable } from './numbering.tsx';
import { Scroll } from './scroll.tsx';

/** What the run was made of: enough to run it again. */
export function ManifestSection({ model }: { readonly model: ReportModel }) {
  const { manifest } = model;
  const { runtime } = manifest;
  return (
    <section id="manifest">
      <h2>Manifest</h2>
      <p>
        Study digest <code>{manifest.studyDigest}</code>, seed {manifest.study.seed}, Node {manifest.node} on{' '}
        {manifest.platform}, runtime{' '}
        {runtime === null ? 'not used' : `${runtime.backend} (${runtime.adapter}) in ${runtime.precision ?? 'f32'}`}.
        {runtime?.rejected.map(({ backend, reason }) => ` ${backend} was not used: ${reason}.`)}
      </p>
      <details>
        <summary>Plugins, options, weights and digests</summary>
        <NumberedTable label="plugins of the run" caption="Plugins of the run, as resolved before the first call.">
          <TableHead
            columns={['Kind', 'Name', 'Module', 'Version', 'Options', 'Weights and licences', 'Digest of what it read']}
          />
          <tbody>
            {manifest.plugins.map((plugin) => (
              <tr key={`${plugin.kind} ${plugin.as}`}>
                <td>{plugin.kind}</td>
                <th scope="row">{plugin.as === plugin.name ? plugin.name : `${plugin.as} (${plugin.name})`}</th>
                <td>{plugin.module}</td>
                <td>{plugin.packageVersion}</td>
                <td>
                  <code>{JSON.stringify(plugin.options)}</code>
                </td>
                <td>
                  {plugin.weights.length === 0
                    ? notDefined
                    : plugin.weights.map(({ name, sha256, licence }) => (
                        <span key={name} className="line">
                          {name}, {licence}, <code>{sha256}</code>
                        </span>
                      ))}
                </td>
                <td>{plugin.digest === undefined ? notDefined : <code>{plugin.digest}</code>}</td>
              </tr>
            ))}
          </tbody>
        </NumberedTable>
      </details>
      <details>
        <summary>Whole manifest as JSON</summary>
        <Scroll label="Manifest as JSON">
          <pre>{JSON.stringify(manifest, null, 2)}</pre>
        </Scroll>
      </details>
    </section>
  );
}
