import manifest from '../package.json' with { type: 'json' };

/** Version of this release; stands in every manifest. */
export const diptychVersion: string = manifest.version;
