package schema

// Leaves lists the attributes of the type that have a value of their own, by
// path: not objects but what is in them, plurals as a whole, and neither
// passwords nor what the system keeps.
func (t *Type) Leaves() []*Attribute { return leavesOf(nil, t.root) }

func leavesOf(out []*Attribute, a *Attribute) []*Attribute {
	for _, c := range a.Children {
		switch {
		case c.Reserved || c.Type == Password:
		case c.Type == Object:
			out = leavesOf(out, c)
		default:
			out = append(out, c)
		}
	}
	return out
}
