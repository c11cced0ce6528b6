/** The figures that are open on the page, each as SVG and as PNG of twice its size. */
import { useState } from 'react';
import { pngOf, saveBlob } from '../compare/download.ts';
import { picturesHere, type Picture } from './pictures.ts';

export function Pictures({ model, stem }: { readonly model: string; readonly stem: string }) {
  // The page behind the dialog stands still.
  const [pictures] = useState(() => picturesHere(model));
  const [problem, setProblem] = useState<string | null>(null);
  if (pictures.length === 0) return null;
  const savePng = async ({ name, svg }: Picture): Promise<void> => {
    try {
      saveBlob(`${stem}-${name}.png`, await pngOf(svg));
    } catch (error) {
      setProblem(`The figure could not be drawn as PNG: ${String(error)}`);
    }
  };
  return (
    <>
      <h3>Figures on the page now</h3>
      <ul className="export-pictures">
        {pictures.map((picture) => (
          <li key={picture.name}>
            <span>{picture.title}</span>
            <button
              type="button"
              className="tb line"
              aria-label={`SVG of ${picture.title}`}
              onClick={() =>
                saveBlob(`${stem}-${picture.name}.svg`, new Blob([picture.svg], { type: 'image/svg+xml' }))
              }
            >
              SVG
            </button>
            <button
              type="button"
              className="tb line"
              aria-label={`PNG of ${picture.title}`}
              onClick={() => void savePng(picture)}
            >
              PNG
            </button>
          </li>
        ))}
      </ul>
      {problem !== null && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
    </>
  );
}
