// The order of the test files: what takes long begins first, and what is over at once fills up the end, so that no worker is
// left alone with a long file when the other has none. Vitest loads it as a sequencer.

import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** In this order: files that share a process come one after the other. */
const projects = ['node', 'workerd', 'units'];

/** Files that take a minute or more, though they are short: unless it has seen a file, Vitest goes by its length. */
const long =
  /test\/(sim\/(stories|group|large-group)|attacks\/1[13]|kills\/|soak\/|faults\/|demo\/|conformance\/relay)/;

export default class Sequence extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const place = ({ project, moduleId }: TestSpecification) =>
      2 * projects.indexOf(project.name) + (long.test(moduleId) ? 0 : 1);
    return sorted.toSorted((a, b) => place(a) - place(b));
  }
}
