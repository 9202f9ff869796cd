/** A line in a chart, with one value per second. Null if a second has no value. */
export interface Series {
  name: string;
  values: readonly (number | null)[];
}

interface Props {
  title: string;
  /** The current value. Undefined until the first one arrives. */
  value: string | undefined;
  /** A sentence about the current value. */
  note: string | undefined;
  series: readonly Series[];
  /** The width of the chart, in seconds. */
  length: number;
}

const WIDTH = 600;
const HEIGHT = 140;

/** The current value in large type, and the last minutes as lines. The newest value is at the right. */
export function Chart({ title, value, note, series, length }: Props) {
  const top = ceilingOf(series.flatMap(({ values }) => values));
  return (
    <section className="card" aria-label={title}>
      <h2>{title}</h2>
      <p className="value">{value ?? '…'}</p>
      <p className="hint">{note ?? 'waiting for the first second'}</p>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
        {[0.5, 1].map((share) => (
          <line
            key={share}
            x1="0"
            x2={WIDTH}
            y1={y(share * top, top)}
            y2={y(share * top, top)}
            className="grid"
          />
        ))}
        <line x1="0" x2={WIDTH} y1={HEIGHT - 1} y2={HEIGHT - 1} className="grid" />
        {series.map(({ name, values }, index) => (
          <path key={name} d={pathOf(values, top, length)} data-series={index} />
        ))}
      </svg>
      <p className="scale">
        <span>the last {length / 60} minutes</span>
        <span>
          {series.length > 1 &&
            series.map(({ name }, index) => (
              <i key={name} data-series={index}>
                {name}
              </i>
            ))}
          top line: {top.toLocaleString('en')}
        </span>
      </p>
    </section>
  );
}

/** An SVG path through the values, with a break at each null. */
function pathOf(values: Series['values'], top: number, length: number): string {
  let path = '';
  let isDown = false;
  for (const [index, value] of values.entries()) {
    if (value === null) {
      isDown = false;
      continue;
    }
    const x = WIDTH - ((values.length - 1 - index) * WIDTH) / (length - 1);
    path += `${isDown ? 'L' : 'M'}${x.toFixed(1)} ${y(value, top).toFixed(1)}`;
    // Draw a single value as a point.
    if (!isDown) path += 'h0.01';
    isDown = true;
  }
  return path;
}

function y(value: number, top: number): number {
  return HEIGHT - 1 - (value / top) * (HEIGHT - 4);
}

/** The smallest of 1, 2, 5, 10, 20, 50, … that is at least as large as every value. */
function ceilingOf(values: Series['values']): number {
  const most = Math.max(4, ...values.map((value) => value ?? 0));
  const power = 10 ** Math.floor(Math.log10(most));
  return [1, 2, 5, 10].map((step) => step * power).find((ceiling) => ceiling >= most)!;
}
