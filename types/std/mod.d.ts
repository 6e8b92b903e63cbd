/**
 * The types of the standard library's modules that deno.json maps to npm, where they have none.
 *
 * The modules go by the names the code imports, so they hold wherever deno.json maps those to. The
 * signatures follow the published ones, and may be stricter. A module mapped to a source with types
 * of its own has no place here.
 */
/// <reference path="./assert.d.ts" />
/// <reference path="./async.d.ts" />
/// <reference path="./cli.d.ts" />
/// <reference path="./crypto.d.ts" />
/// <reference path="./encoding.d.ts" />
/// <reference path="./fmt.d.ts" />
/// <reference path="./path.d.ts" />
/// <reference path="./streams.d.ts" />
/// <reference path="./text.d.ts" />
/// <reference path="./toml.d.ts" />
/// <reference path="./yaml.d.ts" />
