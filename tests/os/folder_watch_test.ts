import { assertEquals } from "@std/assert";
import { deadline } from "@std/async/deadline";
import { dirname, join } from "@std/path";
import { watchFolder } from "../../src/os/folder_watch.ts";

/** So long a change may take to be told of, where the machine is busy. */
const PATIENCE_MS = 60_000;

/** Watches a folder, and waits for what it tells. */
class Watched implements AsyncDisposable {
  readonly folder: string;
  readonly #root: string;
  readonly #end = new AbortController();
  #told = Promise.withResolvers<void>();
  readonly #watching: Promise<void>;

  private constructor(root: string) {
    this.#root = root;
    this.folder = join(root, "etc", "c3po", "users");
    this.#watching = watchFolder(this.folder, () => this.#told.resolve(), this.#end.signal);
  }

  static async create(): Promise<Watched> {
    return new Watched(await Deno.makeTempDir({ prefix: "c3po-watch-" }));
  }

  /** Does something, and waits until it is told of. */
  async sees(change: () => Promise<unknown>): Promise<void> {
    // Until nothing of an earlier change is on its way any more.
    for (let isQuiet = false; !isQuiet;) {
      this.#told = Promise.withResolvers();
      isQuiet = await Promise.race([this.#told.promise.then(() => false), quiet()]);
    }
    await change();
    await deadline(this.#told.promise, PATIENCE_MS);
  }

  /** Ends it, and tells that it has ended. */
  async end(): Promise<void> {
    this.#end.abort();
    await this.#watching;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
    await Deno.remove(this.#root, { recursive: true });
  }
}

function quiet(): Promise<boolean> {
  return new Promise((resolve) => setTimeout(() => resolve(true), 100));
}

Deno.test("every change in a folder is told of, whether the folder is there or comes later", async () => {
  await using watched = await Watched.create();
  const { folder } = watched;
  const file = join(folder, "alice.toml");
  await watched.sees(() => Deno.mkdir(dirname(folder), { recursive: true }));
  await watched.sees(() => Deno.mkdir(folder));
  await watched.sees(() => Deno.writeTextFile(file, "one"));
  await watched.sees(() => Deno.writeTextFile(file, "two"));
  await watched.sees(() => Deno.chmod(file, 0o644));
  await watched.sees(() => Deno.chmod(folder, 0o755));
  await watched.sees(() => Deno.remove(file));
  await Deno.writeTextFile(`${folder}.new`, "three");
  await watched.sees(() => Deno.rename(`${folder}.new`, file));
});

Deno.test("a folder that takes the place of the watched one is watched instead", async () => {
  await using watched = await Watched.create();
  const { folder } = watched;
  await Deno.mkdir(folder, { recursive: true });
  await Deno.mkdir(`${folder}.new`);
  // Often, for the second may come at any moment while what the first left is watched.
  for (let turn = 0; turn < 10; turn++) {
    await watched.sees(async () => {
      await Deno.rename(folder, `${folder}.old`);
      await Deno.rename(`${folder}.new`, folder);
    });
    await watched.sees(() => Deno.writeTextFile(join(folder, "alice.toml"), "one"));
    await Deno.rename(`${folder}.old`, `${folder}.new`);
  }
  await watched.sees(() => Deno.remove(dirname(folder), { recursive: true }));
  await watched.sees(() => Deno.mkdir(folder, { recursive: true }));
  await watched.sees(() => Deno.writeTextFile(join(folder, "alice.toml"), "two"));
});

Deno.test("what happens two folders above is none of its business, for in /etc that is much", async () => {
  const root = await Deno.makeTempDir({ prefix: "c3po-watch-" });
  const end = new AbortController();
  const began = Promise.withResolvers<void>();
  const watching = watchFolder(join(root, "c3po", "users"), began.resolve, end.signal);
  try {
    assertEquals(await watchedInodes(), [], "nothing, while the parent is missing");
    await Deno.mkdir(join(root, "c3po"));
    await deadline(began.promise, PATIENCE_MS);
    const { ino } = await Deno.stat(join(root, "c3po"));
    assertEquals(await watchedInodes(), [ino!.toString(16)]);
  } finally {
    end.abort();
    await watching;
    await Deno.remove(root, { recursive: true });
  }
});

/** What this process watches, as the kernel tells it. */
async function watchedInodes(): Promise<string[]> {
  const folder = `/proc/${Deno.pid}/fdinfo`;
  const infos = await Array.fromAsync(
    Deno.readDir(folder),
    ({ name }) => Deno.readTextFile(join(folder, name)).catch(() => ""), // closed meanwhile
  );
  return infos.flatMap((info) =>
    [...info.matchAll(/^inotify wd:\S+ ino:(\S+)/gm)].map(([, ino]) => ino!)
  );
}

Deno.test("reading tells of nothing, for it would be read for ever", async () => {
  const folder = await Deno.makeTempDir({ prefix: "c3po-watch-" });
  await Deno.writeTextFile(join(folder, "alice.toml"), "one");
  const end = new AbortController();
  let told = 0;
  const reading: Promise<unknown>[] = [];
  const watching = watchFolder(folder, () => {
    told++;
    reading.push(
      Array.fromAsync(Deno.readDir(folder)),
      Deno.readTextFile(join(folder, "alice.toml")),
    );
  }, end.signal);
  await Promise.all(reading);
  await quiet();
  end.abort();
  await watching;
  assertEquals(told, 1, "once at the start");
  await Deno.remove(folder, { recursive: true });
});
