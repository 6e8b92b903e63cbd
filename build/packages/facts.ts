import manifest from "../../deno.json" with { type: "json" };

/** What a package says of the release it is made from. */
export interface Facts {
  /** As in `deno.json`, such as `1.2.3` or `1.2.3-rc.1`. */
  readonly version: string;
  /** Name and address, as in `Name <name@example.org>`. */
  readonly maintainer: string;
  /** Seconds since 1970 of the commit: the time of every file, so that each build makes the same. */
  readonly epoch: number;
  /** Where the releases are, such as `https://…/releases`; undefined where that is not known. */
  readonly address: string | undefined;
}

/** How dpkg and rpm sort a version: what comes before a release has `~` before its name. */
export function sorted(version: string): string {
  return version.replace("-", "~");
}

/**
 * The facts of this checkout: `$C3PO_MAINTAINER`, else whoever made its commit, and the time of that.
 *
 * @throws {Error} if this is not a checkout of git
 */
export async function factsHere(address?: string): Promise<Facts> {
  const [epoch, author] = (await answer("git", ["log", "-1", "--format=%ct%n%an <%ae>"])).split(
    "\n",
  );
  return {
    version: manifest.version,
    maintainer: Deno.env.get("C3PO_MAINTAINER") ?? author!,
    epoch: Number(epoch),
    address,
  };
}

/**
 * What a tool prints.
 *
 * @throws {Error} if it fails
 */
export async function answer(tool: string, args: readonly string[]): Promise<string> {
  const command = new Deno.Command(tool, { args: [...args], stdin: "null", stderr: "inherit" });
  const { code, stdout } = await command.output();
  if (code !== 0) throw new Error(`"${tool} ${args[0]}" ended with exit code ${code}`);
  return new TextDecoder().decode(stdout);
}
