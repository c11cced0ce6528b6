/** All that examples of one's own need, in one piece: loaded with the first model of one's own. */
export { createExamplesSource } from '../../state/examples-source.ts';
export { ExamplesSection } from './ExamplesSection.tsx';
export { openFolders } from './folders.ts';
export { openWithExamples } from './give.ts';
