package jsondoc

import (
	"bytes"
	"strconv"
	"strings"

	"facet/internal/schema"
)

// Equal reports whether two texts are the same value (RFC 6902, section 4.6):
// numbers by their value, strings by their characters, objects whatever the
// order of their members.
func Equal(a, b []byte) bool { return equal(parse(a), parse(b)) }

func equal(a, b *node) bool {
	switch {
	case a.kind != b.kind:
		return false
	case a.raw != nil && b.raw != nil && bytes.Equal(a.raw, b.raw):
		return true
	}
	switch a.kind {
	case '{':
		return a.size() == b.size() && contains(a, b, equal)
	case '[':
		a.open()
		b.open()
		if len(a.elements) != len(b.elements) {
			return false
		}
		for i, e := range a.elements {
			if !equal(e, b.elements[i]) {
				return false
			}
		}
		return true
	case '"':
		x, _ := schema.Text(a.raw)
		y, _ := schema.Text(b.raw)
		return x == y
	case 0:
		return sameNumber(a.raw, b.raw)
	}
	return true // true, false, null
}

func (n *node) size() (count int) {
	n.open()
	for _, m := range n.members {
		if m.value != nil {
			count++
		}
	}
	return count
}

// contains reports whether a has every member of b, alike by the measure.
func contains(a, b *node, alike func(a, b *node) bool) bool {
	b.open()
	for _, m := range b.members {
		if m.value == nil {
			continue
		}
		if mine := a.member(m.name); mine == nil || !alike(mine, m.value) {
			return false
		}
	}
	return true
}

// Contains reports whether a document has all that a pattern has, as
// PostgreSQL's operator @> of jsonb tells it: every member of an object, and
// for each element of an array one that contains it, whatever their order.
func Contains(doc, pattern []byte) bool {
	steps := maxSteps
	return within(parse(doc), parse(pattern), &steps)
}

// maxSteps bounds the comparisons of one Contains: arrays are compared each
// with each.
const maxSteps = 1 << 20

func within(a, b *node, steps *int) bool {
	if *steps--; *steps < 0 {
		return false
	}
	switch {
	case a.kind != b.kind:
		return false
	case a.kind == '{':
		return contains(a, b, func(a, b *node) bool { return within(a, b, steps) })
	case a.kind != '[':
		return equal(a, b)
	}
	a.open()
	b.open()
	for _, want := range b.elements {
		found := false
		for _, e := range a.elements {
			if within(e, want, steps) {
				found = true
				break
			}
		}
		if !found {
			return false
		}
	}
	return true
}

// sameNumber compares numbers by value, however large.
func sameNumber(a, b []byte) bool {
	x, okX := decimalOf(string(a))
	y, okY := decimalOf(string(b))
	return okX && okY && x == y || bytes.Equal(a, b)
}

// decimal is a number as digits without zeros at either end, times ten to the
// power of exp. Zero has no digits.
type decimal struct {
	negative bool
	digits   string
	exp      int64
}

func decimalOf(text string) (d decimal, ok bool) {
	text, d.negative = strings.CutPrefix(text, "-")
	mantissa, power, has := strings.Cut(strings.ToLower(text), "e")
	if has {
		var err error
		if d.exp, err = strconv.ParseInt(strings.TrimPrefix(power, "+"), 10, 62); err != nil {
			return d, false
		}
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	d.digits = strings.TrimLeft(whole+fraction, "0")
	d.exp -= int64(len(fraction))
	trimmed := strings.TrimRight(d.digits, "0")
	d.exp += int64(len(d.digits) - len(trimmed))
	if d.digits = trimmed; trimmed == "" {
		return decimal{}, true
	}
	return d, true
}
