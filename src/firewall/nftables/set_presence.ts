import { wasAnswer } from "../../os/tool_failure.ts";
import { isAbsent, transact } from "./nft.ts";
import { setsText } from "./table_text.ts";

/**
 * Does what needs sets, and makes them first where there are none.
 *
 * @param capacity how many bans one of them holds
 */
export async function withSets<T>(capacity: number, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (!isAbsent(error)) throw error;
    wasAnswer(error);
    await transact(setsText(capacity));
    return await action();
  }
}

/** Does what is done already where there are no sets, and has this result there. */
export async function unlessAbsent<T>(action: () => Promise<T>, nothing: T): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (!isAbsent(error)) throw error;
    wasAnswer(error);
    return nothing;
  }
}
