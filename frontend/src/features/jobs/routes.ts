import type { RouteRecordRaw } from 'vue-router'

export const routes: RouteRecordRaw[] = [
  {
    path: '/jobs',
    name: 'jobs',
    component: () => import('./JobsPage.vue'),
    meta: { title: 'jobs.title', section: 'jobs' },
  },
  {
    path: '/jobs/new',
    name: 'job-new',
    component: () => import('./editor/JobEditorPage.vue'),
    meta: { title: 'jobs.newTitle', section: 'jobs' },
  },
  {
    path: '/jobs/:jobId',
    name: 'job',
    component: () => import('./JobPage.vue'),
    props: true,
    meta: { title: 'jobs.one', section: 'jobs' },
  },
  {
    path: '/jobs/:jobId/edit',
    name: 'job-edit',
    component: () => import('./editor/JobEditorPage.vue'),
    props: true,
    meta: { title: 'jobs.editTitle', section: 'jobs' },
  },
]
