import { Failure } from "../../os/errors.ts";
import type { Window } from "../../schedule/windows.ts";
import type { Policy } from "../policy.ts";
import { contains } from "./networks.ts";

/**
 * Refuses windows that break what the interface promises of them: an engine that took them anyway would
 * hide the caller's mistake.
 *
 * @throws {Failure} naming the minute
 */
export function refuseMistakes({ services, door }: Policy, windows: readonly Window[]): void {
  const names = new Set(services.map(({ name }) => name));
  for (const window of windows) {
    const refuse = (why: string): never => {
      throw new Failure(`the window of minute ${window.minute} cannot be loaded: ${why}`);
    };
    const { from, until, doors, traps } = window;
    if (![from, until].every(Number.isSafeInteger) || from >= until) {
      refuse(`it opens at ${from} and closes at ${until}`);
    }
    const ports = [...doors.map(({ port }) => port), ...traps];
    const odd = ports.find((port) => !Number.isInteger(port) || port < 1 || port > 65_535);
    if (odd !== undefined) refuse(`${odd} is no port`);
    const nowhere = doors.find(({ from }) => from?.length === 0);
    if (nowhere !== undefined) refuse(`port ${nowhere.port} is open from nowhere`);
    const unknown = doors.find(({ service }) => !names.has(service));
    if (unknown !== undefined) refuse(`there is no service "${unknown.service}"`);
    const lost = window.addressDoors?.find(({ address }) =>
      door === undefined || !contains(door, address)
    );
    if (lost !== undefined) refuse(`the address ${lost.address} lies in no network of a door`);
    const leadsTo = new Map<number, string>();
    for (const { port, service } of doors) {
      const other = leadsTo.get(port) ?? service;
      if (other !== service) refuse(`port ${port} leads to "${other}" and to "${service}"`);
      leadsTo.set(port, service);
    }
    const beside = windows.filter((each) => each.from < until && from < each.until);
    const open = new Set(
      beside.flatMap(({ doors }) =>
        doors.filter(({ from }) => from === undefined).map(({ port }) => port)
      ),
    );
    const both = traps.find((port) => open.has(port));
    if (both !== undefined) refuse(`port ${both} is a trap and a door`);
  }
}
