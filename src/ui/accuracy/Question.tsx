/** A question over twenty words, with what dense and compressed answer marked in it. */
import { questionLength, spanOf } from '../../core/tasks/questions.ts';
import { wordOf } from '../../core/tasks/words.ts';

interface QuestionProps {
  readonly tokens: readonly number[];
  readonly truth: number;
  readonly dense: number;
  readonly candidate: number;
}

const asked = 4;

export function Question({ tokens, truth, dense, candidate }: QuestionProps) {
  const inside = (answer: number, at: number): boolean => {
    const [start, end] = spanOf(answer);
    return at >= start && at <= end;
  };
  return (
    <div className="question">
      <b>{tokens.slice(0, asked).map(wordOf).join(' ').replace(' ?', '?')}</b>
      <p>
        {tokens.slice(asked, questionLength).map((token, i) => {
          const at = asked + i;
          const marks = [
            inside(truth, at) ? 'truth' : '',
            inside(dense, at) ? 'dense' : '',
            inside(candidate, at) ? 'candidate' : '',
          ].filter((mark) => mark !== '');
          return (
            // oxlint-disable-next-line react/no-array-index-key -- a word is its place in the text
            <span key={at} className={marks.join(' ') || undefined}>
              {wordOf(token)}{' '}
            </span>
          );
        })}
      </p>
    </div>
  );
}

/** The words of an answer. */
export function answerWords(tokens: readonly number[], answer: number): string {
  const [start, end] = spanOf(answer);
  const words = tokens.slice(start, end + 1).map(wordOf);
  return words.length === 0 ? 'no span' : words.join(' ');
}
