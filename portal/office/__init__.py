"""The office: where the syndicate's agents follow agreements, start campaigns and repair what stands still."""
