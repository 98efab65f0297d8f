package jsondoc

// Merge applies a merge patch (RFC 7396): null removes a member, an object
// merges, anything else replaces.
func Merge(doc, patch []byte) []byte {
	return merged(parse(doc), parse(patch)).text()
}

func merged(target, patch *node) *node {
	if patch.kind != '{' {
		return patch
	}
	if target == nil || target.kind != '{' {
		target = newNode([]byte("{}"))
	}
	patch.open()
	target.open()
	for _, m := range patch.members {
		if m.value.kind == 'n' {
			target.drop(m.name)
			continue
		}
		old := target.member(m.name)
		if value := merged(old, m.value); value != old || value.raw == nil {
			target.set(m.text, m.name, value)
		}
	}
	return target
}
