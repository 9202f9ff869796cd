import type { KeyboardEvent } from 'react';

/** The key code of a key that an input method handles (UI Events, 8.3). */
const HANDLED_BY_INPUT_METHOD = 229;

/**
 * Whether a key belongs to a composition, such as the Enter that chooses a Japanese word. In Safari the Enter
 * that ends a composition comes after `compositionend`: `isComposing` is false, and only the key code
 * shows it.
 */
export function isComposing({ nativeEvent }: KeyboardEvent): boolean {
  return nativeEvent.isComposing || nativeEvent.keyCode === HANDLED_BY_INPUT_METHOD;
}
