import { type Host, os } from "./host.ts";

/**
 * The folder of the user who runs this: what `$HOME` says, else what the system has for the user. A
 * service without `User=`, a CGI program and `env -i` have no `$HOME`.
 *
 * @returns undefined if neither is known
 */
export function homeFolder(host: Pick<Host, "env">): string | undefined {
  return host.env(os === "windows" ? "USERPROFILE" : "HOME") ?? accountHome();
}

/**
 * The user's folder by the system's list of accounts, which is where ssh looks, whatever `$HOME`
 * says.
 *
 * @returns undefined if the user is not on that list, which need not be a file
 */
export function accountHome(): string | undefined {
  if (os !== "linux") return undefined;
  try {
    const uid = String(Deno.uid());
    const lines = Deno.readTextFileSync("/etc/passwd").split("\n").map((line) => line.split(":"));
    return lines.find((fields) => fields[2] === uid)?.[5] || undefined;
  } catch {
    return undefined; // no such list, or not for us
  }
}
