package resolve

// AtOnce is how many names are asked for at once, for the tests.
const AtOnce = atOnce

// Busy is how many are being asked for.
func (r *Resolver) Busy() int { return len(r.slots) }
