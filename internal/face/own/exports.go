package own

import (
	"net/http"

	"facet/internal/directory"
	"facet/internal/face"
)

// startExport has everything that is held about the caller put into an archive
// (POST /exports).
func startExport(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	if _, err := query(r); err != nil {
		return err
	}
	m, err := c.Site.StartExport(r.Context(), c.Who)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/exports/"+m.ID.String())
	return write(w, http.StatusAccepted, exportOf(m))
}

// exportJSON is a person's export.
type exportJSON struct {
	ID      string `json:"id"`
	State   string `json:"state"` // running, done, failed
	Size    int64  `json:"size"`  // bytes of the archive; 0 until it is done
	Error   string `json:"error,omitempty"`
	Created string `json:"created_at"`
	Expires string `json:"expires_at"`
}

func exportOf(m directory.Transfer) exportJSON {
	return exportJSON{ID: m.ID.String(), State: string(m.State), Size: m.Size, Error: m.Error, Created: timeText(m.Created), Expires: timeText(m.Expires)}
}
