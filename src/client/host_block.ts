import { ownCommand, quoted } from "../os/self.ts";
import { askSsh } from "../os/ssh.ts";
import type { SshSettings } from "../os/ssh_settings.ts";
import { Failure } from "../os/errors.ts";
import { configCommand, hostBlock, jumpCommand, jumpsOf, proxyCommand } from "./ssh_config.ts";

/** What ssh_config needs for a host. */
export interface BlockAnswer {
  /** The Host block; null where a ProxyCommand of the user's would be lost by it. */
  readonly block: string | null;
  /** What to tell the user about it; null if nothing. */
  readonly note: string | null;
}

/**
 * The Host block of a host. It names c3po and the key by their paths, so that it works under cron, in
 * services and wherever else PATH and HOME are not those of a login.
 *
 * @param name as the user types it for ssh
 */
export async function hostBlockFor(name: string, keyFile: string): Promise<BlockAnswer> {
  const c3po = configCommand(ownCommand(), quoted);
  const file = configCommand([keyFile], quoted);
  const settings = await settingsOf(name);
  const command = settings?.proxyCommand ?? null;
  const jumps = settings?.proxyJump ?? (command === null ? null : jumpsOf(command));
  if (jumps !== null) {
    return { block: hostBlock(name, jumpCommand(c3po, file, jumps)), note: null };
  }
  if (command !== null && !settings!.proxied) {
    const note = `ssh reaches "${name}" by a ProxyCommand of yours, which a Host block would ` +
      `replace; c3po ssh ${name} works through it, with the port as %p`;
    return { block: null, note };
  }
  return { block: hostBlock(name, proxyCommand(c3po, file)), note: null };
}

/** What ssh makes of a name; null where there is no ssh, or none that could tell. */
async function settingsOf(name: string): Promise<SshSettings | null> {
  try {
    return (await askSsh(["--", name])).settings;
  } catch (error) {
    if (error instanceof Failure) return null; // the key is of use to others than ssh
    throw error;
  }
}
