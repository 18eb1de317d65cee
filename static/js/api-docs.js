// The specification of the API, readable and to be tried; nothing is asked of any other server.
"use strict";

for (const place of document.querySelectorAll("[data-api-docs]")) {
  const token = document.querySelector('meta[name="csrf-token"]').content;
  SwaggerUIBundle({
    url: place.dataset.apiDocs,
    domNode: place,
    deepLinking: true,
    defaultModelsExpandDepth: 0,
    validatorUrl: null,
    requestInterceptor: (request) => Object.assign(request, { headers: { ...request.headers, "X-CSRFToken": token } }),
  });
}
