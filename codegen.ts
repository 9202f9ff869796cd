import type { CodegenConfig } from '@graphql-codegen/cli';

/** Typed documents, as the client preset makes them, from those in these files. */
const typed = (documents: string | string[]) => ({
  documents,
  preset: 'client' as const,
  presetConfig: { fragmentMasking: false },
  config: {
    importExtension: '.js' as const,
    useTypeImports: true,
    enumsAsTypes: true,
    strictScalars: true,
    scalars: { DateTime: 'string', ID: 'string' },
  },
});

const config: CodegenConfig = {
  schema: 'schema.graphql',
  generates: {
    'test/support/generated/': typed('test/support/documents.ts'),
    'web/page/generated/': typed('web/page/documents.ts'),
    'examples/apollo/generated/': typed('examples/apollo/documents.ts'),
  },
};

export default config;
