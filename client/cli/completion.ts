// Completion scripts for shells, from the tree of commands: commands, options, and files where files are meant.

import type { Command, Option } from 'commander';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** One command of the tree: `path` is '' for the whole, ' group create' for a command in it. */
interface Node {
  readonly path: string;
  readonly commands: readonly { readonly name: string; readonly about: string }[];
  readonly options: readonly {
    readonly flag: string;
    readonly about: string;
    readonly value: 'none' | 'file' | 'other';
  }[];
  /** What its arguments may be. */
  readonly choices: readonly string[];
  readonly takesFile: boolean;
}

const writers: Record<Shell, (name: string, nodes: readonly Node[]) => string> = { bash, zsh, fish };

export function completionScript(shell: Shell, program: Command): string {
  return writers[shell](program.name(), nodesOf(program, '', program.options));
}

function nodesOf(command: Command, path: string, globals: readonly Option[]): Node[] {
  const own = command.options.filter((option) => !globals.includes(option));
  const options = [...own, ...globals].map(({ long, short, description, required, flags }) => ({
    flag: long ?? short ?? '',
    about: description,
    value: !required ? ('none' as const) : /<(file|path)>/.test(flags) ? ('file' as const) : ('other' as const),
  }));
  return [
    {
      path,
      commands: command.commands.map((child) => ({
        name: child.name(),
        about: brief(child),
      })),
      options: [...options, { flag: '--help', about: 'show help', value: 'none' }],
      choices: command.registeredArguments.flatMap(({ argChoices = [] }) => argChoices),
      takesFile: command.registeredArguments.some((argument) => argument.name() === 'file'),
    },
    ...command.commands.flatMap((child) => nodesOf(child, `${path} ${child.name()}`, globals)),
  ];
}

/** What a command does, in a few words: the beginning of its first sentence if there is no summary. */
export function brief(command: Command): string {
  const [first = ''] = command.description().split(/[.:;]/);
  return command.summary() || `${first.charAt(0).toLowerCase()}${first.slice(1)}`;
}

const quoted = (value: string) => `'${value.replaceAll("'", "'\\''")}'`;

/** The options that take a value, each once. */
function flagsWith(nodes: readonly Node[], value: 'file' | 'other'): string[] {
  return [
    ...new Set(
      nodes.flatMap(({ options }) => options.filter((option) => option.value === value).map(({ flag }) => flag)),
    ),
  ];
}

/** The part of a script that finds out which command the words before name; bash and zsh read it alike. */
const stepInto = (nodes: readonly Node[], word: string) =>
  `case "$at ${word}" in ${nodes
    .slice(1)
    .map(({ path }) => quoted(path))
    .join(' | ')}) at="$at ${word}" ;; esac`;

function bash(name: string, nodes: readonly Node[]): string {
  const cases = nodes.map(({ path, commands, options, choices, takesFile }) => {
    const words = [...commands.map((command) => command.name), ...choices, ...options.map(({ flag }) => flag)].join(
      ' ',
    );
    return `    ${quoted(path)}) words=${quoted(words)}${takesFile ? ' files=1' : ''} ;;`;
  });
  return `# Completion of ${name} for bash.
_${name}() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]} at='' words='' files='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    ${stepInto(nodes, `\${COMP_WORDS[i]}`)}
  done
  COMPREPLY=()
  case $before in
    ${flagsWith(nodes, 'file').join(' | ')}) files=only ;;
    ${flagsWith(nodes, 'other').join(' | ')}) return ;;
  esac
  case $at in
${cases.join('\n')}
  esac
  if [[ $files != only ]]; then COMPREPLY=($(compgen -W "$words" -- "$word")); fi
  if [[ -n $files && $word != -* ]]; then
    compopt -o filenames 2>/dev/null
    while IFS= read -r i; do COMPREPLY+=("$i"); done < <(compgen -f -- "$word")
  fi
}
complete -F _${name} ${name}
`;
}

function zsh(name: string, nodes: readonly Node[]): string {
  const item = (word: string, about: string) => quoted(`${word}:${about.replaceAll(':', '\\:')}`);
  const cases = nodes.map(({ path, commands, options, choices, takesFile }) => {
    const items = [
      ...commands.map((command) => item(command.name, command.about)),
      ...choices.map(quoted),
      ...options.map(({ flag, about }) => item(flag, about)),
    ];
    return `    (${quoted(path)})\n      items=(${items.join(' ')})${takesFile ? '\n      files=1' : ''} ;;`;
  });
  return `#compdef ${name}
# Completion of ${name} for zsh.
_${name}() {
  local at='' files='' i
  local -a items
  for ((i = 2; i < CURRENT; i++)); do
    ${stepInto(nodes, `\${words[i]}`)}
  done
  case \${words[CURRENT - 1]} in
    (${flagsWith(nodes, 'file').join(' | ')}) _files; return ;;
    (${flagsWith(nodes, 'other').join(' | ')}) return ;;
  esac
  case $at in
${cases.join('\n')}
  esac
  _describe ${quoted(name)} items
  if [[ -n $files ]]; then _files; fi
}
if [[ \${funcstack[1]} == _${name} ]]; then _${name} "$@"; else compdef _${name} ${name}; fi
`;
}

function fish(name: string, nodes: readonly Node[]): string {
  const inFish = (value: string) => `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const rules = nodes.flatMap(({ path, commands, options, choices, takesFile }) => {
    const rule = `complete -c ${name} -n ${inFish(`__${name}_at ${inFish(path)}`)}`;
    return [
      ...commands.map((command) => `${rule} -a ${command.name} -d ${inFish(command.about)}`),
      ...(choices.length > 0 ? [`${rule} -a ${inFish(choices.join(' '))}`] : []),
      ...options.map(({ flag, about, value }) => {
        const takes = value === 'none' ? '' : value === 'file' ? ' -r -F' : ' -x';
        return `${rule} -l ${flag.replace(/^-+/, '')} -d ${inFish(about)}${takes}`;
      }),
      ...(takesFile ? [`${rule} -F`] : []),
    ];
  });
  return `# Completion of ${name} for fish.
function __${name}_at
  set -l at ''
  for word in (commandline -opc)[2..-1]
    switch "$at $word"
      case ${nodes
        .slice(1)
        .map(({ path }) => inFish(path))
        .join(' ')}
        set at "$at $word"
    end
  end
  test "$at" = "$argv[1]"
end
complete -c ${name} -f
${rules.join('\n')}
`;
}
