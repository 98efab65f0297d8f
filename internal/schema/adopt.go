package schema

// Adopt puts an element that was in the plural at path before back into it,
// with the ids that it and what it holds had (Identity Cloud Entity API,
// entity.adopt). element is as ElementAt gives it; what does not fit the type
// any more is refused as in a write.
func (t *Type) Adopt(current []byte, path Path, element []byte, env Env) (Written, error) {
	w := writer{t: t, env: env, mode: adopting}
	return w.finish(current, func(dst, cur []byte) ([]byte, bool, error) {
		return w.descend(dst, t.root, cur, path, func(dst []byte, a *Attribute, cur []byte) ([]byte, bool, error) {
			if a.partial {
				return nil, false, notWhole(a)
			}
			begin := len(dst)
			for c := enter(cur, 0); ; {
				el, ok := c.element()
				if !ok {
					break
				}
				dst = append(append(dst, ','), el...)
			}
			dst, _, err := w.object(append(dst, ','), a, nil, element, elementID(element))
			if err != nil {
				return nil, false, err
			}
			dst, some := closeArray(dst, begin)
			return dst, some, nil
		})
	})
}

// newID is the number of an element that is put into a plural.
func (w *writer) newID(el []byte) (int64, error) {
	if w.mode == adopting {
		return elementID(el), nil
	}
	if id := elementID(el); w.env.KeepIDs && id != 0 {
		return id, nil
	}
	return w.env.NextNumber()
}
