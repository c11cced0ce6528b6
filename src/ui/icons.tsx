/** Line icons on a 16 px grid, drawn in the current colour. Decorative: the control carries the name. */
const paths = {
  undo: <path d="M6 3 2.8 6.2 6 9.4M3 6.2h6.2a3.6 3.6 0 0 1 0 7.2H6" />,
  redo: <path d="m10 3 3.2 3.2L10 9.4M13 6.2H6.8a3.6 3.6 0 0 0 0 7.2H10" />,
  share: (
    <path d="M6.7 9.3a2.6 2.6 0 0 0 3.7 0l2.3-2.3a2.6 2.6 0 0 0-3.7-3.7l-.9.9M9.3 6.7a2.6 2.6 0 0 0-3.7 0L3.3 9a2.6 2.6 0 0 0 3.7 3.7l.9-.9" />
  ),
  export: <path d="M8 2.5v7M5.2 7 8 9.8 10.8 7M3 12.8h10" />,
  theme: (
    <>
      <circle cx="8" cy="8" r="5.2" />
      <path d="M8 2.8v10.4A5.2 5.2 0 0 0 8 2.8Z" fill="currentColor" stroke="none" />
    </>
  ),
  help: <path d="M5.8 6a2.2 2.2 0 1 1 3.2 2c-.7.4-1 .8-1 1.6M8 12.2v.2" />,
  lock: <path d="M4 7.5h8v5.3H4zM5.7 7.5V5.4a2.3 2.3 0 0 1 4.6 0v2.1" />,
  unlock: <path d="M4 7.5h8v5.3H4zM5.7 7.5V5a2.3 2.3 0 0 1 4.4-.9" />,
  pause: <path d="M5.5 3.5v9M10.5 3.5v9" strokeWidth="2.2" />,
  stop: <path d="M4.2 4.2h7.6v7.6H4.2z" fill="currentColor" />,
  run: <path d="m5 3.2 7.6 4.8L5 12.8Z" fill="currentColor" />,
  down: <path d="m5 6.5 3 3 3-3" />,
  left: <path d="M9.5 4.5 6 8l3.5 3.5" />,
  right: <path d="M6.5 4.5 10 8l-3.5 3.5" />,
  plus: <path d="M8 4v8M4 8h8" />,
  minus: <path d="M4 8h8" />,
  close: <path d="m4.5 4.5 7 7M11.5 4.5l-7 7" />,
  more: <path d="M3.5 8h.01M8 8h.01M12.5 8h.01" strokeWidth="2.4" />,
  file: <path d="M4 2.5h5l3 3v8H4zM9 2.5v3h3" />,
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      {paths[name]}
    </svg>
  );
}
