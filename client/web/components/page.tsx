// A page beside the list of groups: its heading takes the focus when it is opened, so that whoever hears it knows where
// they are, and its first button leads back.

import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { messages } from '../model/language.ts';
import { leave, type Route } from '../model/route.ts';
import { Icon } from './icon.tsx';

interface PageProps {
  readonly title: string;
  readonly back: Route;
  readonly children: ComponentChildren;
  readonly class?: string;
}

export function Page({ title, back, children, class: name = '' }: PageProps): JSX.Element {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), [title]);
  return (
    <section class={`page ${name}`}>
      <header class="bar">
        <button
          type="button"
          class="quiet square back"
          onClick={() => leave(back)}
          aria-label={messages.value.common.back}
        >
          <Icon name="back" />
        </button>
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
      </header>
      <div class="page-body">{children}</div>
    </section>
  );
}
