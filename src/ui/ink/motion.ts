/**
 * While a hand drags, what follows it is drawn on canvases ("inks") that lie over the page: at most once a frame, always
 * the newest value. Neither React nor style, layout or paint of the page has a part in such a frame; the page itself
 * follows when the hand rests (`followSettled`).
 */
import type { StoreApi } from 'zustand/vanilla';
import type { Config } from '../../state/config.ts';
import type { Derived } from '../../state/derive.ts';
import type { Source } from '../../state/live.ts';
import type { AppState } from '../../state/store.ts';

/** What the frame is of. */
export interface Moving {
  /** The draft, whether or not it could be evaluated. */
  readonly config: Config;
  /** Of the draft. */
  readonly derived: Derived;
  /** Of the last undo step, where the drag began. */
  readonly committed: Derived;
}

/** One canvas. */
export interface Ink {
  /** Before the first frame: reads what it needs of the layout and writes nothing. */
  readonly begin: () => void;
  readonly draw: (moving: Moving) => void;
  /** The page shows all of it again. */
  readonly end: () => void;
}

export interface Motion {
  /** Returns how to leave. */
  readonly join: (ink: Ink) => () => void;
  /** Draws anew in the next frame if something moves: what the drawing stands on has changed. */
  readonly ask: () => void;
  readonly isMoving: () => boolean;
}

/** A drag that is where it began goes on for so long: to end and to begin is dearer than a frame. */
const lingerMs = 150;

export function createMotion(
  store: StoreApi<AppState>,
  derived: Source<Derived>,
  committed: Source<Derived>,
  requestFrame: (draw: () => void) => unknown,
  setTimeout: (run: () => void, milliseconds: number) => unknown,
): Motion {
  const inks = new Set<Ink>();
  const begun = new Set<Ink>();
  let asked = false;
  /** Where the drag began, as long as it goes on. */
  let origin: Config | null = null;
  const isMoving = (): boolean => origin !== null;
  const end = (): void => {
    origin = null;
    for (const ink of begun) ink.end();
    begun.clear();
  };
  const draw = (): void => {
    asked = false;
    if (!isMoving()) return;
    // All read before any writes: one layout at most.
    for (const ink of inks) if (!begun.has(ink)) ink.begin();
    const moving = {
      config: store.getState().config,
      derived: derived.get(),
      committed: committed.get(),
    };
    for (const ink of inks) {
      begun.add(ink);
      ink.draw(moving);
    }
  };
  const ask = (): void => {
    if (asked || !isMoving()) return;
    asked = true;
    requestFrame(draw);
  };
  const leave = (ink: Ink): void => {
    inks.delete(ink);
    if (begun.delete(ink)) ink.end();
  };
  store.subscribe(({ config, committed: from }, before) => {
    if (config !== from) {
      origin = from;
      if (config !== before.config) ask();
    } else if (from !== origin) end();
    else {
      // Cancelled, or the hand passes where it began.
      ask();
      setTimeout(() => {
        const state = store.getState();
        if (state.config === state.committed) end();
      }, lingerMs);
    }
  });
  return {
    join: (ink) => {
      inks.add(ink);
      ask();
      return () => leave(ink);
    },
    ask,
    isMoving,
  };
}
