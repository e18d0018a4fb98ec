// Names of models as metrics may show them. Callers write these names, so none is believed before
// an upstream has answered it whole, and the list is bounded besides: an upstream that answers to
// any name must not fill the memory of the gateway and of whoever scrapes it.

/** Names told apart. A gateway serves a few dozen models; each has a few series. */
export const MODEL_NAMES_MAX = 64;

const OTHER = '_OTHER';

/** The names that upstreams have answered to, the first of them. */
export class ModelNames {
  readonly #known = new Map<string, string>();

  /** The label for a model; `answered`: this call was answered whole. '' stays ''. */
  label(name: string, answered: boolean): string {
    if (name === '') return '';
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    if (!answered || this.#known.size >= MODEL_NAMES_MAX) return OTHER;
    this.#known.set(name, name);
    return name;
  }
}
