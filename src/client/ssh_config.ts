/** Where C3PO keeps its Host blocks, relative to the folder of ssh_config. */
export const OWN_CONFIG = "c3po.conf";

/** The block of ssh_config that leads ssh, and all that runs ssh, through `c3po proxy`. */
export function hostBlock(name: string, proxyCommand: string): string {
  return `Host ${hostPattern(name)}\n  ProxyCommand ${proxyCommand}\n`;
}

/** ssh compares Host lines with the name as typed, and a name may be typed in small letters too. */
function hostPattern(name: string): string {
  const small = name.toLowerCase();
  return small === name ? name : `${name} ${small}`;
}

/** A command line that ssh_config may hold: `%` stands for itself, and the shell reads it back. */
export function configCommand(words: readonly string[], quote: (word: string) => string): string {
  return words.map((word) => quote(word).replaceAll("%", "%%")).join(" ");
}

/** The ProxyCommand that connects by `c3po proxy`. */
export function proxyCommand(c3po: string, keyFile: string): string {
  return `${c3po} proxy --key ${keyFile} %h`;
}

/**
 * The ProxyCommand for a host that is reached through others: the last jump host connects to the
 * port of the minute. A ProxyCommand that is ours would take the place of the ProxyJump. What needs a
 * shell is quoted for sh: ssh runs it by the user's shell, where brackets (zsh) or `$(…)` (csh) may
 * mean something else, and some libraries run it by none.
 *
 * @param jumps as in ProxyJump: `[user@]host[:port]`, or an ssh:// address, separated by commas
 */
export function jumpCommand(c3po: string, keyFile: string, jumps: string): string {
  const hops = jumps.replaceAll("%", "%%").split(",").map((hop) => hop.trim());
  const last = hops.at(-1)!;
  const before = hops.slice(0, -1);
  const target = /:\d+$/.test(last) && !last.startsWith("ssh://") ? `ssh://${last}` : last;
  const way = before.length === 0 ? "" : ` -J ${before.join(",")}`;
  const script = `port=$("$@") && exec ssh${way} -W "[$0]:$port" ${target}`;
  return `sh -c '${script}' %h ${c3po} port --key ${keyFile}`;
}

/** As {@linkcode jumpCommand} makes it, and as it did at first. */
const JUMPS: readonly RegExp[] = [
  /^sh -c '.* exec ssh(?: -J (\S+))? -W "\[\$0\]:\$port" (\S+)' %h .* port --key /,
  /^ssh(?: -J (\S+))? -W \[%h\]:\$\(.* port --key .*\) (\S+)$/,
];

/** The jump hosts in a ProxyCommand that {@linkcode jumpCommand} made; null if it did not. */
export function jumpsOf(command: string): string | null {
  const [, before, last] = JUMPS.map((form) => form.exec(command)).find((hit) => hit) ?? [];
  if (last === undefined) return null;
  const hop = last.replace(/^ssh:\/\/(?=.*:\d+$)/, "");
  return (before === undefined ? hop : `${before},${hop}`).replaceAll("%%", "%");
}

/**
 * Puts a Host block into our own file, in the place of an older one of that host.
 *
 * @param text the file as it is, empty if there is none
 */
export function withHostBlock(text: string, name: string, block: string): string {
  const blocks = blocksIn(text);
  const at = blocks.findIndex((part) => isOf(part, name));
  if (at >= 0 && blocks[at]!.trimEnd() === block.trimEnd()) return text;
  if (at >= 0) blocks[at] = block;
  else blocks.push(block);
  return together(blocks);
}

/** Takes the Host block of a host out of our own file. */
export function withoutHostBlock(text: string, name: string): string {
  const blocks = blocksIn(text);
  const others = blocks.filter((part) => !isOf(part, name));
  return others.length === blocks.length ? text : together(others);
}

function blocksIn(text: string): string[] {
  return text.split(/^(?=Host )/m).filter((part) => part.trim() !== "");
}

function isOf(block: string, name: string): boolean {
  const [, first] = /^Host\s+(\S+)/.exec(block) ?? [];
  return first?.toLowerCase() === name.toLowerCase();
}

function together(blocks: readonly string[]): string {
  return blocks.map((part) => part.trimEnd() + "\n").join("\n");
}

/**
 * The line that includes our file, by its whole path: a relative one is looked for in `$HOME`, while
 * ssh reads its configuration in the folder that the system has for the user.
 *
 * @param own path of our file; one that ssh might read as a pattern is included by its name alone
 */
export function includeLine(own: string): string {
  if (!own.startsWith("/") || /[*?[\]{}\\"'%$#\p{Cc}]/u.test(own)) return `Include ${OWN_CONFIG}\n`;
  return `Include ${/\s/.test(own) ? `"${own}"` : own}\n`;
}

/**
 * Puts the line that includes our file at the top of ssh_config, where it holds for every host: further
 * down it would belong to the Host block before it. All else stays as it is.
 *
 * @param text the file as it is, empty if there is none
 * @param include the line of {@linkcode includeLine}
 */
export function withInclude(text: string, include: string): string {
  const older = `Include ${OWN_CONFIG}\n`;
  if (text.startsWith(older)) return include + text.slice(older.length);
  const [own] = filesOf(include);
  for (const line of text.split("\n")) {
    if (/^\s*(host|match)[\s=]/i.test(line)) break;
    const known = [OWN_CONFIG, `~/.ssh/${OWN_CONFIG}`, own];
    if (filesOf(line).some((file) => known.includes(file))) return text;
  }
  return text === "" ? include : `${include}\n${text}`;
}

/** What a line includes; nothing if it is another line. */
function filesOf(line: string): string[] {
  const [, files] = /^\s*include[\s=]+(.*?)\s*$/i.exec(line) ?? [];
  const words = files?.match(/"[^"]*"|[^\s"]+/g) ?? [];
  return words.map((word) => word.replaceAll('"', ""));
}
