// Completion scripts for bash, zsh and fish, written from the command specs: commands, their second
// words, flags, and the values of flags and arguments that are enumerations or paths. Each script is
// three tables, looked up by the command typed so far, and the few lines that ask them.

import { commandFlags, type CommandSpec, type Flag, flagsOf, globalParams } from "./parameters.ts";

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = typeof SHELLS[number];

/** A script for the shell to load; what it completes is fixed when it is written. */
export function completions(specs: readonly CommandSpec[], shell: Shell): string {
  const tables = tablesOf(specs);
  switch (shell) {
    case "bash":
      return `${BASH_INTRO}\n${posixTables(tables)}\n${POSIX_SCAN}\n${BASH_COMPLETE}`;
    case "zsh":
      return `${ZSH_INTRO}\n${posixTables(tables)}\n${POSIX_SCAN}\n${ZSH_COMPLETE}`;
    case "fish":
      return `${FISH_INTRO}\n${fishTables(tables)}\n${FISH_COMPLETE}`;
  }
}

/** An answer for the keys: words to choose from, `@file`, or `@text` for what cannot be completed. */
interface Row {
  keys: string[];
  answer: string;
}

/** Name of the shell function → its rows. The keys are commands, `""` is none yet. */
type Tables = Record<"words" | "flags" | "values", Row[]>;

const PATH_NAMES = ["file", "folder", "path"];

function tablesOf(specs: readonly CommandSpec[]): Tables {
  const tables: Tables = { words: [], flags: [], values: [] };
  const add = (commands: string[], words: string, flags: Flag[]) => {
    if (words !== "") tables.words.push({ keys: commands, answer: words });
    const names = flags.map(({ name }) => `--${name}`).join(" ");
    tables.flags.push({ keys: commands, answer: names });
    for (const flag of flags.filter(({ kind }) => kind !== "boolean")) {
      const keys = commands.map((command) => `${command} --${flag.name}`);
      const answer = answerFor(flag.choices, flag.placeholder) || "@text";
      const same = tables.values.find((row) => row.answer === answer);
      if (same) same.keys.push(...keys);
      else tables.values.push({ keys, answer });
    }
  };
  const globals = flagsOf(globalParams);
  const firstWords = [...new Set(specs.map(({ name }) => name.split(" ")[0]!))];
  add([""], [...firstWords, "help"].join(" "), globals);
  for (const first of firstWords) {
    const names = specs.map(({ name }) => name).filter((name) => name.startsWith(`${first} `));
    if (names.length === 0) continue;
    add([first], names.map((name) => name.slice(first.length + 1)).join(" "), globals);
  }
  for (const spec of specs) {
    const { own, global } = commandFlags(spec);
    const { choices = [], name = "" } = spec.positionals?.[0] ?? {};
    const commands = [spec.name, ...(spec.originalName ? [spec.originalName] : [])];
    add(commands, answerFor(choices, name), [...own, ...global]);
  }
  return tables;
}

function answerFor(choices: readonly string[], name: string): string {
  return choices.join(" ") || (PATH_NAMES.includes(name) ? "@file" : "");
}

function posixTables(tables: Tables): string {
  return Object.entries(tables).map(([name, rows]) =>
    [
      `_anomaly_${name}() {`,
      '  case "$1" in',
      ...rows.map(({ keys, answer }) =>
        `    ${keys.map(quoted).join("|")}) echo ${quoted(answer)} ;;`
      ),
      "  esac",
      "}",
    ].join("\n")
  ).join("\n");
}

function fishTables(tables: Tables): string {
  return Object.entries(tables).map(([name, rows]) =>
    [
      `function _anomaly_${name}`,
      '  switch "$argv[1]"',
      ...rows.flatMap(({ keys, answer }) => [
        `    case ${keys.map(quoted).join(" ")}`,
        `      string split -- ' ' ${quoted(answer)}`,
      ]),
      "  end",
      "end",
    ].join("\n")
  ).join("\n");
}

/** A word that a shell leaves as it is. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

const BASH_INTRO =
  "# bash completion for anomaly. Load it with: source <(anomaly completions bash)";

const ZSH_INTRO = `#compdef anomaly
# zsh completion for anomaly. Load it with: source <(anomaly completions zsh)`;

const FISH_INTRO = "# fish completion for anomaly. Load it with: anomaly completions fish | source";

/** Sets the caller's `command` and `flag`: what was typed, and the flag that waits for its value. */
const POSIX_SCAN = `_anomaly_scan() {
  local word next
  for word in "$@"; do
    case "$word" in
      =) continue ;;
      --*=*) flag=''; continue ;;
    esac
    if [ -n "$flag" ]; then flag=''; continue; fi
    case "$word" in
      -*) if [ -n "$(_anomaly_values "$command $word")" ]; then flag="$word"; fi; continue ;;
    esac
    next="\${command:+$command }$word"
    if [ -n "$(_anomaly_flags "$next")" ]; then command="$next"; fi
  done
}
_anomaly_answer() {
  if [ -n "$flag" ]; then _anomaly_values "$command $flag"; return; fi
  case "$1" in
    -*) _anomaly_flags "$command" ;;
    *) _anomaly_words "$command" ;;
  esac
}`;

// bash cuts --flag=value into three words, so that "=" may be the current one.
const BASH_COMPLETE = `_anomaly() {
  local command='' flag='' current="\${COMP_WORDS[COMP_CWORD]}" answer
  _anomaly_scan "\${COMP_WORDS[@]:1:COMP_CWORD-1}"
  if [ "$current" = '=' ]; then current=''; fi
  answer="$(_anomaly_answer "$current")"
  COMPREPLY=()
  case "$answer" in
    @text) ;;
    @file)
      local IFS=$'\\n'
      COMPREPLY=($(compgen -f -- "$current"))
      compopt -o filenames 2>/dev/null
      ;;
    *) COMPREPLY=($(compgen -W "$answer" -- "$current")) ;;
  esac
}
complete -F _anomaly anomaly ./anomaly
`;

const ZSH_COMPLETE = `_anomaly() {
  local command='' flag='' current="\${words[CURRENT]}" answer
  _anomaly_scan "\${(@)words[2,CURRENT-1]}"
  if [[ "$current" == --*=* ]]; then
    flag="\${current%%=*}"
    compset -P '*='
  fi
  answer="$(_anomaly_answer "$current")"
  case "$answer" in
    @text) ;;
    @file) _files ;;
    *) compadd -- \${=answer} ;;
  esac
}
if [ "\${funcstack[1]}" = _anomaly ]; then _anomaly "$@"; else compdef _anomaly anomaly; fi
`;

const FISH_COMPLETE = `function _anomaly_complete
  set -l tokens (commandline -opc)
  set -e tokens[1]
  set -l current (commandline -ct)
  set -l command ''
  set -l flag ''
  for word in $tokens
    if string match -q -- '--*=*' $word
      set flag ''
    else if test -n "$flag"
      set flag ''
    else if string match -q -- '-*' $word
      if test -n "$(_anomaly_values "$command $word")"
        set flag $word
      end
    else
      set -l next (string trim -- "$command $word")
      if test -n "$(_anomaly_flags "$next")"
        set command $next
      end
    end
  end
  set -l prefix ''
  if string match -q -- '--*=*' $current
    set flag (string replace -r -- '=.*' '' $current)
    set prefix "$flag="
  end
  set -l answer (_anomaly_words "$command")
  if test -n "$flag"
    set answer (_anomaly_values "$command $flag")
  else if string match -q -- '-*' $current
    set answer (_anomaly_flags "$command")
  end
  switch "$answer"
    case @text
    case @file
      for path in (__fish_complete_path (string replace -- "$prefix" '' $current))
        echo "$prefix$path"
      end
    case '*'
      for word in $answer
        echo "$prefix$word"
      end
  end
end
complete -c anomaly -f -a '(_anomaly_complete)'
`;
