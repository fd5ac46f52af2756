"""The handset page's files: plain HTML, CSS and JavaScript, nothing built and nothing fetched."""
