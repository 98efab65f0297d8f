package profile_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"facet/internal/profile"
)

func TestAnErrorSaysNoMoreThanACallerCanUse(t *testing.T) {
	long := strings.Repeat("é", 50000)
	e := profile.E(profile.Invalid, profile.CodeInvalid, long, "%s is not one of %d: %v, %s", long, 7, errors.New(long), []byte(long))
	e.Detail = map[string]any{"supplied_value": long, "limit": 3}
	got := profile.AsError(e)
	for what, text := range map[string]string{"field": got.Field, "message": got.Message, "detail": got.Detail["supplied_value"].(string)} {
		if len(text) > 700 || !utf8.ValidString(text) || !strings.HasPrefix(text, "éé") {
			t.Errorf("%s of %d bytes: %.40q", what, len(text), text)
		}
	}
	if !strings.Contains(got.Message, "… is not one of 7: éé") || got.Detail["limit"] != 3 || e.Detail["supplied_value"] != long {
		t.Errorf("%.500s %v", got.Message, got.Detail["limit"])
	}
	short := profile.E(profile.Invalid, profile.CodeInvalid, "email", "%s is wrong", "x")
	if profile.AsError(short) != short || short.Message != "x is wrong" {
		t.Errorf("%+v", profile.AsError(short))
	}
}
