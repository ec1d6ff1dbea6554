#!/bin/sh
# The first lines of the self-extracting `anomaly`: behind this launcher stand the bundled program and a
# gzipped Deno. Both are unpacked once into a private cache; from then on they are only started.
# scripts/self_extracting.ts fills in the names between @ signs. POSIX sh, for dash and busybox too.
set -u

program_sha256=@PROGRAM_SHA256@
program_start=@PROGRAM_START@
program_size=@PROGRAM_SIZE@
runtime_sha256=@RUNTIME_SHA256@
runtime_start=@RUNTIME_START@
runtime_size=@RUNTIME_SIZE@
# Named by content: a new build finds its own files, and never touches those of one that is running.
program=program-$program_sha256.js
runtime=runtime-$runtime_sha256

case $0 in
  /*) executable=$0 ;;
  *) executable=$PWD/$0 ;;
esac

refuse() {
  printf '%s\n' "$1" >&2
  exit 1
}

sha256_of() {
  if command -v sha256sum >/dev/null 2>&1; then sha256sum <"$1"; else shasum -a 256 <"$1"; fi | cut -d ' ' -f 1
}

# Runs $1 with each directory that may hold the cache, best first, until it agrees; $cache is then that one.
# A folder that was asked for by name is the only one: another would not be what was asked. In it the cache
# is not called `anomaly`, because that is what the executable itself may be called there.
first_cache() {
  if [ -n "${ANOMALY_RUNTIME_DIR:-}" ]; then
    case $ANOMALY_RUNTIME_DIR in
      /*) cache=$ANOMALY_RUNTIME_DIR/anomaly-runtime ;;
      *) cache=$PWD/$ANOMALY_RUNTIME_DIR/anomaly-runtime ;;
    esac
    "$1" "$cache"
    return
  fi
  for cache in "${XDG_CACHE_HOME:+$XDG_CACHE_HOME/anomaly}" "${HOME:+$HOME/.cache/anomaly}" \
    "${TMPDIR:-/tmp}/anomaly-$(id -u)"; do
    case $cache in
      /*) "$1" "$cache" && return ;;
    esac
  done
  return 1
}

# What can be checked at each start, in about 2 ms: all of it is ours, nobody else may enter, the sizes are
# right, and nothing was written since the hashes were checked. Unpacking gives both files one and the
# same old modification time; whoever writes to one of them makes the times differ.
ready() (
  [ ! -L "$1" ] && cd "$1" 2>/dev/null && [ -O . ] || exit 1
  for file in "$program" "$runtime"; do
    [ -f "$file" ] && [ ! -L "$file" ] && [ -O "$file" ] || exit 1
  done
  [ -x "$runtime" ] && [ ! "$program" -nt "$runtime" ] && [ ! "$program" -ot "$runtime" ] || exit 1
  # Nine fields a line (mode, links, uid, gid, size, three of the date, name), in this order of names.
  set -- $(LC_ALL=C ls -ldn . "$program" "$runtime")
  [ "${14}" = "$program_size" ] && [ "${23}" = "$runtime_size" ] || exit 1
  case "$1 ${10} ${19}" in
    drwx------*\ -r--------*\ -r-x------*) exit 0 ;;
    *) exit 1 ;;
  esac
)

intact() { [ -f "$1" ] && [ ! -L "$1" ] && [ -O "$1" ] && [ "$(sha256_of "$1")" = "$2" ]; }

# place <file> <sha256> <mode> <command that prints it>: the file under its name, unless it stands there.
place() {
  if ! intact "$1" "$2"; then
    "$4" >"$scratch/$1" && [ "$(sha256_of "$scratch/$1")" = "$2" ] ||
      refuse "what was unpacked is not what was packed: is the disk full, or $executable damaged?"
    chmod "$3" "$scratch/$1" && touch -t 200001010000.00 "$scratch/$1" || exit 1
    # A link does not replace what another first start has put there meanwhile and already runs.
    ln "$scratch/$1" "$1" 2>/dev/null || intact "$1" "$2" || mv -f "$scratch/$1" "$1" || exit 1
  fi
  chmod "$3" "$1" && touch -t 200001010000.00 "$1" || exit 1
}

print_program() { tail -c "+$program_start" "$executable" | head -c "$program_size"; }
print_runtime() { tail -c "+$runtime_start" "$executable" | gzip -dc; }

# Unpacks into one directory; says on stderr why not.
unpack() (
  umask 077
  mkdir -p "$1" || exit 1
  [ ! -L "$1" ] || refuse "it is a symbolic link, expected a directory"
  cd "$1" || exit 1
  [ -O . ] || refuse "it belongs to another user"
  case $(LC_ALL=C ls -ldn .) in
    drwx------*) ;;
    *) refuse "others may enter it, expected mode 0700" ;;
  esac
  # What a first start that was killed has left; a day old, it is nobody's work any more.
  find . -type d -name 'unpacking.*' -mtime +0 -prune -exec rm -rf {} +
  scratch=$(mktemp -d ./unpacking.XXXXXX) || exit 1
  trap 'rm -rf "$scratch"' EXIT
  trap 'exit 1' HUP INT TERM
  printf '#!/bin/sh\n' >"$scratch/probe" && chmod 0700 "$scratch/probe" || exit 1
  "$scratch/probe" 2>/dev/null || refuse "programs may not be run from it (mounted noexec?)"
  place "$runtime" "$runtime_sha256" 0500 print_runtime
  place "$program" "$program_sha256" 0400 print_program
  "./$runtime" --version >/dev/null || refuse "the unpacked Deno does not run on this machine"
  ready . || refuse "it does not keep the modes and times of files"
)

refusals=
unpack_or_note() {
  refusal=$(unpack "$1" 2>&1) && return
  refusals="$refusals
  $1: $refusal"
  return 1
}

if ! first_cache ready; then
  if ! first_cache unpack_or_note; then
    printf 'anomaly: Cannot unpack the runtime into any cache directory:%s\n%s\n' "$refusals" \
      'Expected one that is writable, private and not noexec. Name one: ANOMALY_RUNTIME_DIR=<folder>' >&2
    exit 1
  fi
  [ -z "$refusals" ] ||
    printf 'anomaly: unpacked into %s, because elsewhere it was not possible:%s\n' "$cache" "$refusals" >&2
fi

# Deno's own caches (compiled code) stay beside; nothing of a deno.json, package.json or lock file around counts.
export DENO_DIR="$cache/deno" DENO_NO_UPDATE_CHECK=1 DENO_NO_PACKAGE_JSON=1
exec "$cache/$runtime" run @RUN_FLAGS@ "$cache/$program" "$@"
