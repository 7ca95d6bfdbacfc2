"""The platform's own files, read: saved responses, workbooks, operation logs in prose. Only here
are units other than yuan known; what comes out is an ordinary export folder."""
