// completion.

import type { Command } from 'commander';
import { completionScript, type Shell, shells } from '../completion.ts';
import { type Context, examples, type Run } from '../context.ts';
import { lines, text } from '../escape.ts';
import { usage } from '../failure.ts';

export function declareCompletion(program: Command, run: Run): void {
  program
    .command('completion')
    .helpGroup('Keep:')
    .summary('print a completion script for your shell')
    .description(
      "Prints a script that completes commands and options in your shell. Put it where your shell's start-up reads it.",
    )
    .addArgument(program.createArgument('<shell>', 'which one').choices(shells).argParser(parseShell))
    .addHelpText(
      'after',
      examples(
        ['cliquet completion bash >> ~/.bashrc', 'bash'],
        ['cliquet completion zsh > ~/.zfunc/_cliquet', 'zsh'],
        ['cliquet completion fish > ~/.config/fish/completions/cliquet.fish', 'fish'],
      ),
    )
    .action((shell: Shell) => run((context) => completion(context, program, shell)));
}

function parseShell(value: string): Shell {
  const shell = shells.find((each) => each === value);
  if (shell === undefined) throw usage(text`There is no completion for '${value}'; name one of ${shells.join(', ')}.`);
  return shell;
}

async function completion({ terminal }: Context, program: Command, shell: Shell): Promise<void> {
  await terminal.print(lines(completionScript(shell, program).trimEnd()));
}
