package cloudillo

import (
	"testing"

	"facet/internal/directory"
)

func TestEveryMappedAttributeIsKeptByItsType(t *testing.T) {
	for _, f := range fields {
		if f.path != "slug" && !directory.IsMapped(f.path) { // a name, no attribute
			t.Errorf("%s is kept in %s, which a change of the type may take away", f.field, f.path)
		}
	}
}
