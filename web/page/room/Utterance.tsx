import { type CSSProperties, type ReactNode, useLayoutEffect, useRef, useState } from 'react';
import { hueOf } from '../name-hue.js';

/** A name in its color. `bdi` keeps its direction from turning the text around it. */
export function Name({ children }: { children: string }) {
  return (
    <bdi className="name" style={{ '--hue': hueOf(children) } as CSSProperties}>
      {children}
    </bdi>
  );
}

interface Props {
  author: string;
  content: string;
  /** Shown after the text, in the same line. */
  note?: ReactNode;
  /** Shown below the text, also if that is collapsed. */
  children?: ReactNode;
}

/**
 * What someone said: their name and the text. A text of many lines is collapsed (styles/room.css says to what
 * height), so that one message cannot push all others off the screen.
 */
export function Utterance({ author, content, note, children }: Props) {
  const body = useRef<HTMLSpanElement>(null);
  const [expanded, setExpanded] = useState(false);
  const [isTall, setIsTall] = useState(false);

  // biome-ignore lint/correctness/useExhaustiveDependencies: another text has another height
  useLayoutEffect(() => {
    const measure = () => {
      const { scrollHeight, clientHeight } = body.current!;
      // Expanded, it has the height of its text, and may have become shorter than the collapsed height.
      if (!expanded) setIsTall(scrollHeight > clientHeight + 1);
    };
    measure();
    // A narrower window breaks the text into more lines.
    addEventListener('resize', measure);
    return () => removeEventListener('resize', measure);
  }, [content, expanded]);

  return (
    <span className="said">
      <span className="body" ref={body} data-expanded={expanded || undefined}>
        <Name>{author}</Name> <bdi className="text">{content}</bdi>
        {note}
      </span>
      {isTall && (
        <button
          type="button"
          className="more"
          aria-expanded={expanded}
          onClick={() => setExpanded((before) => !before)}
        >
          {expanded ? 'Show less' : 'Show more'}
        </button>
      )}
      {children}
    </span>
  );
}
