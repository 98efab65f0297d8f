package appdata

import (
	"net/http"

	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
)

// listApps lists the applications, for anybody (GET /app/all).
func listApps(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	apps, err := c.Site.Apps(r.Context())
	if err != nil {
		return err
	}
	out := make([]app, len(apps))
	for i, a := range apps {
		out[i] = app{AppID: a.ID, App: a.Name, Domains: a.Domains, Description: a.Description}
	}
	return write(w, http.StatusOK, out)
}

// identifyApp reads X-API-KEY, which says on behalf of which application
// somebody signs in or registers. It authorises nothing else.
func identifyApp(r *http.Request, c *face.Call) (directory.App, error) {
	key := r.Header["X-Api-Key"]
	if len(key) == 0 {
		return directory.App{}, profile.E(profile.Unauthenticated, profile.CodeNoAuth, "", "The header X-API-KEY is required.")
	}
	if len(key) > 1 {
		return directory.App{}, profile.E(profile.Unauthenticated, profile.CodeBadClient, "", "The header X-API-KEY stands twice.")
	}
	a, err := c.Site.AppByKey(r.Context(), key[0])
	if profile.IsCode(err, profile.CodeBadClient) {
		return a, profile.E(profile.Unauthenticated, profile.CodeBadClient, "", "There is no application with this X-API-KEY.")
	}
	return a, err
}
