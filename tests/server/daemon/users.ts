import { join } from "@std/path";
import { formatRandomKey, parseKey } from "../../../src/schedule/key_text.ts";
import { minuteAt } from "../../../src/schedule/minute.ts";
import { Schedule } from "../../../src/schedule/schedule.ts";
import type { Window } from "../../../src/schedule/windows.ts";
import type { Server } from "./server.ts";

/** A key line of its own for each number. */
export function keyLine(number: number, ports = ""): string {
  const bytes = new Uint8Array(32).fill(number);
  bytes[0] = number >> 8;
  return `${formatRandomKey(bytes)}${ports}`;
}

/** Writes the file of a user, without a word to the server. */
export async function putUser(
  server: Server,
  name: string,
  text: string,
  mode = 0o600,
): Promise<string> {
  const folder = join(server.folder, "users");
  await Deno.mkdir(folder, { recursive: true });
  await Deno.chmod(folder, 0o700);
  const path = join(folder, `${name}.toml`);
  await Deno.writeTextFile(path, text);
  await Deno.chmod(path, mode);
  return path;
}

/** Adds a user whose key is that of a number. */
export async function addUser(
  server: Server,
  name: string,
  number: number,
  more = "",
): Promise<void> {
  await putUser(server, name, `key = "${keyLine(number)}"\n${more}`);
}

/** Removes a user's file. */
export async function removeUser(server: Server, name: string): Promise<void> {
  await Deno.remove(join(server.folder, "users", `${name}.toml`));
}

/** The port of a key, in a minute counted from the present one. */
export async function portOf(server: Server, line: string, offset = 0): Promise<number> {
  const schedule = await Schedule.of(parseKey(line));
  return (await schedule.ports(minuteAt(server.clock.now()) + offset, 0)).ssh;
}

/** The windows in the kernel, each with its minute counted from the present one. */
export function windowsOf(server: Server): (Window & { readonly offset: number })[] {
  const minute = minuteAt(server.clock.now());
  return server.kernel.rules.get(4)!.windows.map((each) => ({
    ...each,
    offset: each.minute - minute,
  }));
}

/** The names of those who have a door in each window, in the order of the windows. */
export function usersInWindows(server: Server): string[][] {
  return windowsOf(server).map(({ doors }) => doors.map(({ user }) => user));
}
