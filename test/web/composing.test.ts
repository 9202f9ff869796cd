/** Enter and Escape during a composition belong to the input method. */
import type { Locator } from 'playwright-core';
import { expect, test } from 'vitest';
import { useServer } from '#test/support/use-server.js';
import { useBrowser } from './browser.js';

const browser = useBrowser();
const used = useServer();

/** Presses a key as browsers report it during a composition. Safari's Enter at its end has only the key code. */
function pressComposing(field: Locator, key: string, how: 'isComposing' | 'keyCode 229'): Promise<void> {
  return field.evaluate(
    (element, [key, how]) => {
      const isComposing = how === 'isComposing';
      const event = new KeyboardEvent('keydown', { key, isComposing, bubbles: true, cancelable: true });
      if (!isComposing) Object.defineProperty(event, 'keyCode', { get: () => 229 });
      element.dispatchEvent(event);
    },
    [key, how] as const,
  );
}

test.each(['isComposing', 'keyCode 229'] as const)(
  'does not send a half-written message (%s)',
  async (how) => {
    const room = await browser.viewer(used.server.origin, 'lobby');
    await room.composer.fill('にほん');
    await pressComposing(room.composer, 'Enter', how);
    await pressComposing(room.composer, 'Escape', how);
    expect(await room.composer.inputValue()).toBe('にほん');
    await room.composer.press('Enter');
    await room.shows('にほん');
  },
);

test.each(['isComposing', 'keyCode 229'] as const)('does not save a half-written name (%s)', async (how) => {
  const room = await browser.viewer(used.server.origin, 'lobby');
  await room.page.getByRole('button', { name: /change your name/ }).click();
  const field = room.page.getByRole('textbox', { name: 'Your name' });
  await field.fill('あい');
  for (const key of ['Enter', 'Escape']) await pressComposing(field, key, how);
  expect(await field.inputValue()).toBe('あい');
  await field.press('Enter');
  await room.page.getByRole('button', { name: 'as あい , change your name' }).waitFor();
});
