/** Where C3PO keeps its Host blocks, relative to the folder of ssh_config. */
export const OWN_CONFIG = "c3po.conf";

/** The block of ssh_config that leads ssh, and all that runs ssh, through `c3po proxy`. */
export function hostBlock(name: string, proxyCommand: string): string {
  return `Host ${name}\n  ProxyCommand ${proxyCommand}\n`;
}

/**
 * Puts a Host block into our own file, in the place of an older one of that host.
 *
 * @param text the file as it is, empty if there is none
 */
export function withHostBlock(text: string, name: string, block: string): string {
  const blocks = text.split(/^(?=Host )/m).filter((part) => part.trim() !== "");
  const at = blocks.findIndex((part) => part.split("\n", 1)[0]!.trim() === `Host ${name}`);
  if (at >= 0 && blocks[at]!.trimEnd() === block.trimEnd()) return text;
  if (at >= 0) blocks[at] = block;
  else blocks.push(block);
  return blocks.map((part) => part.trimEnd() + "\n").join("\n");
}

/**
 * Puts the line that includes our file at the top of ssh_config, where it holds for every host: further
 * down it would belong to the Host block before it. All else stays as it is.
 *
 * @param text the file as it is, empty if there is none
 */
export function withInclude(text: string): string {
  for (const line of text.split("\n")) {
    if (/^\s*(host|match)[\s=]/i.test(line)) break;
    const [, files] = /^\s*include[\s=]+(.*?)\s*$/i.exec(line) ?? [];
    const names = files?.split(/\s+/).map((file) => file.replaceAll('"', "")) ?? [];
    if (names.some((file) => file === OWN_CONFIG || file === `~/.ssh/${OWN_CONFIG}`)) return text;
  }
  const include = `Include ${OWN_CONFIG}\n`;
  return text === "" ? include : `${include}\n${text}`;
}
