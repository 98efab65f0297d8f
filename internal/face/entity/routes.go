package entity

import (
	"net/http"

	"facet/internal/access"
	"facet/internal/face"
)

// routes are the operations. The API's pages name POST for all; GET stays for
// reads, as in the API's older pages.
var routes = []face.Route{
	{Method: http.MethodPost, Pattern: "/entity", Permission: access.EntityRead, Handle: read},
	{Method: http.MethodGet, Pattern: "/entity", Permission: access.EntityRead, Handle: read},
	{Method: http.MethodPost, Pattern: "/entity.find", Permission: access.EntityFind, Handle: find},
	{Method: http.MethodGet, Pattern: "/entity.find", Permission: access.EntityFind, Handle: find},
	{Method: http.MethodPost, Pattern: "/entity.count", Permission: access.EntityCount, Handle: count},
	{Method: http.MethodGet, Pattern: "/entity.count", Permission: access.EntityCount, Handle: count},
	{Method: http.MethodPost, Pattern: "/entity.create", Permission: access.EntityCreate, Handle: create},
	{Method: http.MethodPost, Pattern: "/entity.update", Permission: access.EntityUpdate, Handle: update},
	{Method: http.MethodPost, Pattern: "/entity.delete", Permission: access.EntityDelete, Handle: remove},

	{Method: http.MethodPost, Pattern: "/entity.replace", Permission: access.EntityReplace, Handle: replace},
	{Method: http.MethodPost, Pattern: "/entity.bulkCreate", Permission: access.EntityBulkCreate, Handle: bulkCreate, MaxBody: maxBulk},
	{Method: http.MethodPost, Pattern: "/entity.deleteAccess", Permission: access.EntityDeleteAccess, Handle: deleteAccess},
	{Method: http.MethodPost, Pattern: "/entity.bulkDelete", Permission: access.EntityBulkDelete, Handle: bulkDelete},
	{Method: http.MethodPost, Pattern: "/entity.purge", Permission: access.EntityPurge, Handle: purge},
	{Method: http.MethodPost, Pattern: "/entity.adopt", Permission: access.EntityAdopt, Handle: adopt},
	{Method: http.MethodPost, Pattern: "/entity.attributeValues", Permission: access.EntityValues, Handle: attributeValues},
	{Method: http.MethodGet, Pattern: "/entity.attributeValues", Permission: access.EntityValues, Handle: attributeValues},
	{Method: http.MethodPost, Pattern: "/versions/entity", Permission: access.EntityVersions, Handle: versionAt},
	{Method: http.MethodGet, Pattern: "/versions/entity", Permission: access.EntityVersions, Handle: versionAt},
	{Method: http.MethodPost, Pattern: "/versions/entity.list", Permission: access.EntityVersions, Handle: versionList},
	{Method: http.MethodGet, Pattern: "/versions/entity.list", Permission: access.EntityVersions, Handle: versionList},
	{Method: http.MethodPost, Pattern: "/versions/entityType", Permission: access.EntityTypeRead, Handle: typeVersion},
	{Method: http.MethodGet, Pattern: "/versions/entityType", Permission: access.EntityTypeRead, Handle: typeVersion},

	{Method: http.MethodPost, Pattern: "/entityType", Permission: access.EntityTypeRead, Handle: entityType},
	{Method: http.MethodGet, Pattern: "/entityType", Permission: access.EntityTypeRead, Handle: entityType},
	{Method: http.MethodPost, Pattern: "/entityType.list", Permission: access.EntityTypeRead, Handle: typeList},
	{Method: http.MethodGet, Pattern: "/entityType.list", Permission: access.EntityTypeRead, Handle: typeList},
	{Method: http.MethodPost, Pattern: "/entityType.create", Permission: access.EntityTypeWrite, Handle: typeCreate},
	{Method: http.MethodPost, Pattern: "/entityType.delete", Permission: access.EntityTypeWrite, Handle: typeDelete},
	{Method: http.MethodPost, Pattern: "/entityType.addAttribute", Permission: access.EntityTypeWrite, Handle: addAttribute},
	{Method: http.MethodPost, Pattern: "/entityType.removeAttribute", Permission: access.EntityTypeWrite, Handle: removeAttribute},
	{Method: http.MethodPost, Pattern: "/entityType.renameAttribute", Permission: access.EntityTypeWrite, Handle: renameAttribute},
	{Method: http.MethodPost, Pattern: "/entityType.setAttributeConstraints", Permission: access.EntityTypeWrite, Handle: setConstraints},
	{Method: http.MethodPost, Pattern: "/entityType.setAttributeDescription", Permission: access.EntityTypeWrite, Handle: setDescription},
}

// bodyLimit is the most bytes of the body of a call.
func bodyLimit(path string) int {
	for _, r := range routes {
		if r.Pattern == path && r.MaxBody > 0 {
			return int(r.MaxBody)
		}
	}
	return face.MaxBody
}
