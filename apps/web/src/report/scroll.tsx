import type { ReactNode } from 'react';

/** Content wider than a phone scrolls inside its own region, which the keyboard can reach (WCAG 2.1.1). */
export function Scroll({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be focusable to be scrolled by keyboard
    <section className="scroll" aria-label={label} tabIndex={0}>
      {children}
    </section>
  );
}
