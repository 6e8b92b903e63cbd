import type { Family } from "../../os/address.ts";
import { horizonOf, type Window } from "../../schedule/windows.ts";
import { accessTo } from "../access.ts";
import type { Service } from "../policy.ts";
import { at, during, fromEach, to } from "./conditions.ts";
import type { Match, Rule } from "./rules.ts";
import { doorSet, slotOf } from "./sets.ts";

/**
 * Only what asks for a port that is open now, or for a trap, may go on to where it was redirected.
 *
 * @param when what else must hold
 */
export function held(
  services: readonly Service[],
  windows: readonly Window[],
  when: readonly Match[] = [],
): Rule[] {
  const open = windows.flatMap((window) =>
    services.flatMap(({ name }): Rule[] => [
      {
        when: [...when, during(window), to(doorSet(name, slotOf(window.minute)))],
        then: { do: "return" },
      },
      ...[...accessTo(name, window).restricted.keys()].map((port): Rule => ({
        when: [...when, during(window), at(port)],
        then: { do: "return" },
      })),
    ])
  );
  return [
    ...open,
    ...services.map(({ port }): Rule => ({
      when: [...when, { is: "redirected", to: port }],
      then: { do: "drop" },
    })),
  ];
}

/**
 * What asks for a service at its own port, and did not come through a door.
 *
 * @param when what else must hold
 */
export function hide(
  family: Family,
  services: readonly Service[],
  windows: readonly Window[],
  when: readonly Match[] = [],
): Rule[] {
  const hidden = services.filter((service) => service.hidden);
  return [
    // In a minute whose door is the service's own port nothing is redirected.
    ...windows.flatMap((window) =>
      hidden.flatMap(({ name, port }) => {
        const { open, restricted } = accessTo(name, window);
        const sources = open.includes(port)
          ? [[]]
          : fromEach(family, restricted.get(port) ?? []).map((match) => [match]);
        return sources.map((source): Rule => ({
          when: [...when, at(port), during(window), ...source],
          then: { do: "return" },
        }));
      })
    ),
    ...hidden.map((service): Rule => ({
      when: [...when, at(service.port), ...hiddenUntil(service, windows)],
      then: { do: "drop" },
    })),
  ];
}

/** The dead man's switch: beyond the last window a port that fails open is hidden no more. */
export function hiddenUntil({ fail }: Service, windows: readonly Window[]): Match[] {
  return fail === "closed" ? [] : [{ is: "during", from: null, until: horizonOf(windows) }];
}
