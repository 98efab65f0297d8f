package own

import (
	"net/http"
	"time"

	"github.com/go-json-experiment/json"

	"facet/internal/face"
)

// The JSON of the face. Times are RFC 3339 in UTC, with microseconds; ids are
// UUIDs.

// timeText writes a time; the zero time is "".
func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000000Z")
}

// write answers with a value as JSON.
func write(w http.ResponseWriter, status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	face.WriteJSON(w, status, b)
	return nil
}
