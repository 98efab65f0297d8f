package djaoapp

import (
	"testing"

	"facet/internal/directory"
)

func TestEveryMappedAttributeIsKeptByItsType(t *testing.T) {
	for _, a := range attributes {
		if !directory.IsMapped(a.path) {
			t.Errorf("%s is kept in %s, which a change of the type may take away", a.field, a.path)
		}
	}
}
